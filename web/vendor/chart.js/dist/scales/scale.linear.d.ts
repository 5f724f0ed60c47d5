export default class LinearScale extends LinearScaleBase {
    static id: string;
    /**
     * @type {any}
     */
    static defaults: any;
    getPixelForValue(value: any): number;
    getValueForPixel(pixel: any): number;
}
import LinearScaleBase from "./scale.linearbase.js";

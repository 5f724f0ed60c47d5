/**
 * Platform class for charts without access to the DOM or to many element properties
 * This platform is used by default for any chart passed an OffscreenCanvas.
 * @extends BasePlatform
 */
export default class BasicPlatform extends BasePlatform {
    acquireContext(item: any): any;
    updateConfig(config: any): void;
}
import BasePlatform from "./platform.base.js";

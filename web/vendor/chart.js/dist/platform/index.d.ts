export function _detectPlatform(canvas: any): typeof BasicPlatform | typeof DomPlatform;
import BasicPlatform from "./platform.basic.js";
import DomPlatform from "./platform.dom.js";
import BasePlatform from "./platform.base.js";
export { BasePlatform, BasicPlatform, DomPlatform };

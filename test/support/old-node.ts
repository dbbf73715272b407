/** For `node --import data:text/javascript,…`: the process takes itself for an old one. */
export const OLD_NODE = `Object.defineProperty(process,'version',{value:'v20.0.0'})`;

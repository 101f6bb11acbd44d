'use strict';
exports.fetch = (...given) => globalThis.fetch(...given);
exports.ProxyAgent = class ProxyAgent {};

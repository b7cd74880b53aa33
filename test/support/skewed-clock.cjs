// Loaded with `node --require`: this process' wall clock is SKEW_MS ahead, as on a host whose clock is wrong.
const skewMs = Number(process.env.SKEW_MS);
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + skewMs);
    else super(...args);
  }
  static now() {
    return RealDate.now() + skewMs;
  }
};

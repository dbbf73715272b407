/** Required before Millrace: its clock is off, and its timers are not. What `CHAOS_CLOCK` says: ahead, behind, or jumps. */
const day = 86_400_000;
const real = Date;
const realNow = Date.now.bind(Date);

function offset(): number {
  if (process.env['CHAOS_CLOCK'] === 'ahead') return day;
  if (process.env['CHAOS_CLOCK'] === 'behind') return -day;
  return Math.floor(realNow() / 700) % 2 === 0 ? 3_600_000 : -3_600_000;
}

const now = (): number => realNow() + offset();
globalThis.Date = new Proxy(real, {
  construct: (target, args: unknown[]) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args) as Date,
  apply: () => new real(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)) as unknown,
});

/**
 * A moment by the clock that nobody sets (`performance.now()`), in milliseconds since 1970 as the clock of people stands now. Ages and
 * deadlines are taken by the steady clock alone: the other one may step by hours. @param moment 0: never
 */
export const timeOf = (moment: number, now: number): number =>
  moment === 0 ? 0 : Math.round(now - (performance.now() - moment));

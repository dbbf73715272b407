import { farAlong } from '../../bench/progress';

const wanted = [60, 30, 10];

test('a run that has begun has all of its time before it', () => {
  expect(farAlong(wanted, 0, { before: 0, inPart: 0 })).toEqual({ percent: 0, secondsLeft: 100 });
});

test('parts count as long as they are said to take, and the part that is measured now as far as it is', () => {
  expect(farAlong(wanted, 1, { before: 60, inPart: 15 })).toEqual({ percent: 75, secondsLeft: 25 });
});

test('what is left follows the pace of what is over', () => {
  expect(farAlong(wanted, 1, { before: 120, inPart: 0 })).toEqual({ percent: 60, secondsLeft: 80 });
});

test('a part that takes longer than it is said to is as good as over, and no more', () => {
  expect(farAlong(wanted, 1, { before: 60, inPart: 500 })).toEqual({ percent: 90, secondsLeft: 10 });
});

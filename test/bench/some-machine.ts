import type { Machine } from '../../bench/machine';

export const machine: Machine = {
  cpu: 'Some CPU',
  cores: 2,
  memoryGb: 24,
  system: 'Linux 6.1 x64',
  node: 'v24.1.0',
  redis: '7.0.15',
  sqlite: '3.53.2',
  postgres: '18.4',
  millrace: '0.1.0',
  commit: 'abc',
};

import { withdrawPostgres } from './shared-postgres';

export default function globalTeardown(): Promise<void> {
  return withdrawPostgres();
}

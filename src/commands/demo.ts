import type { Command } from 'commander';
import type { Run } from './options';
export function demoCommand(_program: Command, _run: Run): void {}

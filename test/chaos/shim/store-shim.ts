import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/foundation/package-root';

/** Why there is none here; undefined: there is. It is C, which the machine's own compiler makes, and Linux loads before anything else. */
export function lackOfShim(): string | undefined {
  if (process.platform !== 'linux') return 'it takes a Linux';
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'it takes a C compiler (cc)';
  }
}

const bytesOfControl = 4_016;

/** What a machine says that is false, to each process that is started with its `environment`, from the moment on at which it is told here. */
export class StoreShim {
  readonly environment: Readonly<Record<string, string>>;
  readonly #file: number;

  /** @param folder where its two files are to be, which other users can reach */
  constructor(folder: string, name: string) {
    const control = join(folder, `${name}.shim`);
    const library = join(folder, `${name}-shim.so`);
    writeFileSync(control, Buffer.alloc(bytesOfControl));
    const source = join(packageRoot, 'test', 'chaos', 'shim', 'store-shim.c');
    execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source]);
    this.environment = { LD_PRELOAD: library, CHAOS_SHIM: control };
    this.#file = openSync(control, 'r+');
  }

  /** The clock of people is off by so much. */
  setClock(offMs: number): void {
    const micros = Buffer.alloc(8);
    micros.writeBigInt64LE(BigInt(Math.round(offMs * 1_000)));
    writeSync(this.#file, micros, 0, 8, 0);
  }

  /** No file in that folder can grow; undefined: they can. */
  fillDisk(folder: string | undefined): void {
    const told = Buffer.alloc(bytesOfControl - 8);
    if (folder !== undefined) {
      told.writeInt32LE(1);
      told.write(`${folder}/`, 8);
    }
    writeSync(this.#file, told, 0, told.length, 8);
  }

  close(): void {
    closeSync(this.#file);
  }
}

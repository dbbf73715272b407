import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cliPath } from './cli';

/** Runs a program in a pseudo-terminal: python3 has one, Node has not. */
const relay = `
import fcntl, os, pty, select, signal, struct, sys, termios
rows, columns = int(sys.argv[1]), int(sys.argv[2])
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
def size(rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
size(rows, columns)
def flags():
    return termios.tcgetattr(master)[3]
before = flags()
while True:
    ready, _, _ = select.select([master, 0], [], [])
    if master in ready:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data: break
        os.write(1, data)
    if 0 in ready:
        data = os.read(0, 1024)
        if not data:
            os.kill(pid, signal.SIGKILL)
        elif data.startswith(b'resize '):
            size(*map(int, data.split()[1:3]))
        else:
            os.write(master, data)
restored = flags() == before
_, status = os.waitpid(pid, 0)
os.write(1, ('\\n[code %d, line discipline %s]' % (os.waitstatus_to_exitcode(status), 'restored' if restored else 'changed')).encode())
`;

/** Whether this machine has what the relay needs. Says loudly when not. */
export function hasPty(): boolean {
  try {
    execFileSync('python3', ['-c', 'import pty, termios; import sys; sys.exit(sys.version_info < (3, 9))']);
    return true;
  } catch {
    process.stderr.write('SKIPPED: no python3 (3.9 or newer) with a pseudo-terminal on this machine\n');
    return false;
  }
}

export interface PtyRun {
  readonly child: ChildProcess;
  /** Everything written to the terminal so far. */
  readonly output: () => string;
  /** The text of the last complete frame, row by row, without colours. */
  readonly screen: () => readonly string[];
  readonly type: (keys: string) => void;
  readonly resize: (rows: number, columns: number) => void;
  readonly ended: Promise<string>;
}

const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

export interface PtyOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly rows: number;
  readonly columns: number;
}

/** Starts `millrace …` in a terminal of this size. */
export function startInPty(args: readonly string[], { env, cwd, rows, columns }: PtyOptions): PtyRun {
  const { PATH = '', HOME = '' } = process.env;
  const command = ['-c', relay, String(rows), String(columns), process.execPath, cliPath, ...args];
  const child = spawn('python3', command, { cwd, env: { PATH, HOME, TERM: 'xterm-256color', ...env } });
  running.add(child);
  let output = '';
  const take = (chunk: Buffer) => (output += chunk.toString());
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<string>((resolve) => {
    child.on('close', () => {
      running.delete(child);
      resolve(output);
    });
  });
  return {
    child,
    output: () => output,
    screen: () => lastFrame(output),
    type: (keys) => child.stdin.write(keys),
    resize: (toRows, toColumns) => child.stdin.write(`resize ${toRows} ${toColumns}`),
    ended,
  };
}

const escape = String.fromCharCode(27);

/** The last one is complete when another has begun: chunks end anywhere. */
function lastFrame(output: string): readonly string[] {
  const frame = output.split(`${escape}[H`).slice(1).at(-2) ?? '';
  return frame.replaceAll(new RegExp(`${escape}\\[[0-9;?]*[A-Za-z]`, 'g'), '').split(/\r+\n/);
}

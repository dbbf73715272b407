/** What keeps the target in step with the source, as a process of its own: Millrace, or one of those it is compared with. */
export interface Program {
  /** Starts it, as a service manager would: a rival that ends by itself is started again. */
  readonly start: () => void;
  /** Resolves once it does what it does at its start. */
  readonly ready: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** kill -9. */
  readonly kill: () => Promise<void>;
  /** What it does each interval: a poll, or a full pass. Undefined: it has no such thing. */
  readonly pass?: () => Promise<void>;
}

/** One of those that are compared. */
export interface Contender<Stores> {
  readonly name: string;
  /** What it is, for people. */
  readonly is: string;
  /** Whether it hears of changes; otherwise each waits for its next pass. */
  readonly follows: boolean;
  /** For so long after a change it may be late; what it has not done then it never does by itself, but with its next pass. */
  readonly patienceMs: number;
  readonly program: (stores: Stores) => Program;
}

/** One kind of change. */
export interface Case<Scene> {
  /** For --case. */
  readonly name: string;
  readonly what: string;
  /** Makes the change, and whatever goes wrong with it; a promise is awaited. */
  readonly run: (scene: Scene) => unknown;
}

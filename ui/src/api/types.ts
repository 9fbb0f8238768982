/** The shapes of the admin API, as the gateway sends and reads them. Times are in milliseconds. */

/** One text in both languages of the product. */
export interface Words {
  en: string;
  zh: string;
}

export type GatewayState = 'ok' | 'initializing' | 'degraded';
export type ServerState = 'starting' | 'ready' | 'failing' | 'stopped' | 'disabled';

/** Connections of one server: open ones (`total` = `active` + `idle`), the most there may be, and calls queued. */
export interface Pool {
  total: number;
  active: number;
  idle: number;
  max: number;
  waiting: number;
}

/** Why a server does not work, what to do, and what its process printed last. */
export interface ServerError {
  message: Words;
  remedy: Words | null;
  lastLines: string[];
}

export interface Server {
  name: string;
  transport: 'stdio' | 'http';
  state: ServerState;
  /** Tools that clients see. */
  tools: number;
  /** Tools that it has. */
  offered: number;
  prompts: number;
  resources: number;
  pool: Pool;
  error: ServerError | null;
  description: string | null;
  /** The command line or the address, for display. */
  target: string;
  /** The demo that runs without a file; it cannot be edited. */
  builtIn: boolean;
}

/** A tool whose name was taken and the name under which it is offered instead. */
export interface Clash {
  name: string;
  server: string;
  tool: string;
  exposedAs: string;
}

export interface Status {
  version: string;
  state: GatewayState;
  /** Seconds since the start. */
  uptime: number;
  endpoint: string;
  /** The file that was read; null where the gateway runs without one. */
  configPath: string | null;
  /** Of the configuration in force; null without a file. */
  revision: string | null;
  /** The file was changed by hand since. */
  changedOnDisk: boolean;
  dataDir: string;
  sessions: number;
  notices: Words[];
  servers: Server[];
  clashes: Clash[];
}

/** How busy one server is. */
export interface ServerPulse {
  active: number;
  total: number;
  waiting: number;
  /** Calls that ended in this second. */
  calls: number;
}

/** How busy everything is, each second. */
export interface Pulse {
  /** Since the epoch. */
  at: number;
  /** Seconds since the start. */
  uptime: number;
  sessions: number;
  servers: Record<string, ServerPulse>;
}

export interface Pair {
  name: string;
  value: string;
}

/** What a tool is called instead. */
export interface Rename {
  tool: string;
  name: string;
}

/** A server as the form has it. null: not written in the file, the default applies. */
export interface ServerForm {
  name: string;
  kind: 'local' | 'remote';
  command: string[];
  env: Pair[];
  cwd: string | null;
  url: string | null;
  headers: Pair[];
  callTimeout: number | null;
  poolSize: number | null;
  sharing: 'shared' | 'session';
  prefix: string | null;
  stripPrefix: boolean;
  rename: Rename[];
  include: string[] | null;
  exclude: string[];
  description: string | null;
  enabled: boolean;
}

/** What applies where the form says null. */
export interface Defaults {
  callTimeout: number;
  poolSize: number;
  prefix: string;
}

export interface ServerDetail {
  server: Server;
  form: ServerForm;
  revision: string | null;
  defaults: Defaults;
}

export interface ToolRow {
  /** The server's own name for it. */
  own: string;
  /** The name that clients see; null when it is switched off. */
  exposed: string | null;
  on: boolean;
  rename: string | null;
  title: string | null;
  description: string | null;
  readOnly: boolean | null;
  destructive: boolean | null;
}

export interface ToolRows {
  tools: ToolRow[];
}

export interface LogLine {
  seq: number;
  /** Since the epoch. */
  at: number;
  text: string;
}

export interface LogLines {
  lines: LogLine[];
}

/** At (since the epoch), active, total, waiting, calls. */
export type Sample = [number, number, number, number, number];

/** The last ten minutes of a server, oldest first. */
export interface History {
  step: number;
  samples: Sample[];
}

/** A change of the file that happened. */
export interface Saved {
  revision: string;
  /** What `POST /api/undo` takes to take it back. */
  undo: string | null;
  path: string;
  notices: Words[];
}

export type ProblemCode =
  'conflict' | 'invalid' | 'notFound' | 'unauthorized' | 'unsupported' | 'failed';

export interface FieldProblem {
  /** A key of `ServerForm` or of the settings; empty: the whole. */
  field: string;
  message: Words;
}

/** Why the gateway did not do what it was asked. */
export interface Problem {
  /** In English, one line. */
  error: string;
  code: ProblemCode;
  message: Words;
  remedy: Words | null;
  fields: FieldProblem[];
  /** After a conflict: what the file says now. */
  current: ServerDetail | null;
  revision: string | null;
}

/** What a server said of itself when it was tried. */
export interface TestOk {
  name: string;
  version: string;
  protocol: string;
  tools: ToolRow[];
  prompts: number;
  resources: number;
  took: number;
}

/** The configuration file as it is now. */
export interface ConfigText {
  path: string | null;
  revision: string | null;
  text: string | null;
}

export interface Settings {
  port: number;
  portFrom: 'file' | 'environment' | 'commandLine' | 'default';
  endpoint: string;
  configPath: string | null;
  revision: string | null;
  dataDir: string;
  version: string;
  logLevel: string;
}

export interface BridgeInfo {
  /** Where the bridge is; null: not found. */
  command: string | null;
  /** Ready text for claude_desktop_config.json. */
  entry: string;
  /** Where Claude Desktop keeps that file on this system. */
  configFile: string;
  url: string;
}

export interface BridgeTry {
  tools: string[];
  took: number;
  stderr: string;
}

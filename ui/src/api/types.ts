/** The shapes that the gateway answers with; see `GET /api/status` and `GET /tools`. */

/** One text in both languages of the product. */
export interface Words {
  en: string;
  zh: string;
}

export type GatewayState = 'ok' | 'initializing' | 'degraded';
export type ServerState = 'starting' | 'ready' | 'failing' | 'stopped' | 'disabled';

/** Connections of one server: open ones (`total` = `active` + `idle`) and the most there may be. */
export interface Pool {
  total: number;
  active: number;
  idle: number;
  max: number;
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
  tools: number;
  prompts: number;
  resources: number;
  pool: Pool;
  error: ServerError | null;
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
  sessions: number;
  notices: Words[];
  servers: Server[];
  clashes: Clash[];
}

export interface Tool {
  name: string;
  description: string | null;
  serverName: string;
}

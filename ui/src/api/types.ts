/**
 * The shapes of the admin API. Written by the gateway's tests from the Rust types:
 * UPDATE_TYPES=1 cargo test -p gateway types
 */

/**
 * One text in English and in Simplified Chinese.
 */
export type Words = { 
/**
 * English.
 */
en: string, 
/**
 * 简体中文.
 */
zh: string, };

/**
 * The gateway's state in one word.
 */
export type GatewayState = "ok" | "initializing" | "degraded";

/** Where a server stands. */
export type ServerState = 'starting' | 'ready' | 'degraded' | 'failing' | 'stopped' | 'disabled' | 'needsSignIn';

/**
 * What a pool looks like at a moment.
 */
export type Pool = { 
/**
 * Live connections.
 */
total: number, 
/**
 * Those with a call in flight.
 */
active: number, 
/**
 * Those without.
 */
idle: number, 
/**
 * As many as there may be.
 */
max: number, 
/**
 * Calls that wait for one.
 */
waiting: number, };

/**
 * What went wrong, for a person.
 */
export type ServerError = { 
/**
 * What happened.
 */
message: Words, 
/**
 * What to do about it.
 */
remedy: Words | null, 
/**
 * What the server printed last.
 */
lastLines: Array<string>, };

/**
 * One server's part of it.
 */
export type Server = { 
/**
 * Its name.
 */
name: string, 
/**
 * `stdio` or `http`.
 */
transport: 'stdio' | 'http', 
/**
 * Which protocol is spoken with it: `legacy`, with a handshake, or `modern`, without; `null`
 * until that is known.
 */
era: 'legacy' | 'modern' | null, 
/**
 * `starting`, `ready`, `degraded`, `failing`, `stopped`, `disabled` or `needsSignIn`.
 */
state: ServerState, 
/**
 * Tools that it offers, filters applied.
 */
tools: number, 
/**
 * Tools that it has, the hidden ones included.
 */
offered: number, 
/**
 * Prompts that it offers.
 */
prompts: number, 
/**
 * Resources that it lists, templates included.
 */
resources: number, 
/**
 * Its connections, those of other users with accounts of their own included.
 */
pool: Pool, 
/**
 * Bytes of memory that its processes hold; `null` where there are none on this machine.
 */
memory: number | null, 
/**
 * Percent of one core that they use.
 */
cpu: number | null, 
/**
 * Why it fails, or what is wrong although it is used.
 */
error: ServerError | null, 
/**
 * When it is started again after a failure, in seconds since 1970.
 */
retryAt: number | null, 
/**
 * What the user wrote about it.
 */
description: string | null, 
/**
 * Its command line or its address, for display.
 */
target: string, 
/**
 * It is an Alibaba Cloud service, which has no settings of its own.
 */
service: boolean, 
/**
 * It runs because there is no configuration file, and cannot be edited.
 */
builtIn: boolean, };

/**
 * A name that two tools would have shared.
 */
export type Clash = { 
/**
 * The name in question.
 */
name: string, 
/**
 * The server whose tool had to give way.
 */
server: string, 
/**
 * That tool, by its own name.
 */
tool: string, 
/**
 * The name it is exposed under instead.
 */
exposedAs: string, };

/**
 * Something wrong with the file on disk, for which what was in force stays in force.
 */
export type ConfigProblem = { 
/**
 * The key, such as `servers[2].command`; empty for the file as a whole.
 */
key: string, 
/**
 * Line, from 1; 0 where it is in no line of the file.
 */
line: number, 
/**
 * Column in characters, from 1; 0 like `line`.
 */
column: number, 
/**
 * What is wrong; a mistake's own remedy is part of it.
 */
message: Words, 
/**
 * What to do, where the message does not say it.
 */
remedy: Words | null, };

/**
 * See the module.
 */
export type Counts = { 
/**
 * Open event streams that belong to no call.
 */
streams: number, 
/**
 * Tasks alive on the gateway's runtime.
 */
tasks: number, };

/**
 * The whole status.
 */
export type Status = { 
/**
 * Of the gateway.
 */
version: string, 
/**
 * In one word.
 */
state: GatewayState, 
/**
 * Seconds since the start.
 */
uptime: number, 
/**
 * The address for clients.
 */
endpoint: string, 
/**
 * The configuration file that is in force, if any.
 */
configPath: string | null, 
/**
 * Which text of that file is in force.
 */
revision: string | null, 
/**
 * What is wrong with the file as it is now, for which an earlier text of it is in force.
 */
configProblems: Array<ConfigProblem>, 
/**
 * Where the gateway keeps what it keeps.
 */
dataDir: string, 
/**
 * Client sessions in memory.
 */
sessions: number, 
/**
 * What else the gateway holds at this moment.
 */
counts: Counts, 
/**
 * How many things the doctor found wrong or worth a warning when it looked last; `null`
 * where nobody has asked it yet.
 */
findings: number | null, 
/**
 * Clients that wait for the owner to let them in.
 */
approvals: number, 
/**
 * What the user should know about how the gateway runs.
 */
notices: Array<Words>, 
/**
 * Each server, in the order of the configuration.
 */
servers: Array<Server>, 
/**
 * Names that two tools or prompts wanted.
 */
clashes: Array<Clash>, };

/**
 * One server's part of it.
 */
export type ServerPulse = { 
/**
 * Connections with a call in flight.
 */
active: number, 
/**
 * Open connections.
 */
total: number, 
/**
 * Calls that wait for a connection.
 */
waiting: number, 
/**
 * Calls that finished in this second.
 */
calls: number, 
/**
 * Bytes of memory that its processes hold; `null` where there are none on this machine.
 */
memory: number | null, 
/**
 * Percent of one core that they use.
 */
cpu: number | null, };

/**
 * The numbers of one second.
 */
export type Pulse = { 
/**
 * In milliseconds since 1970.
 */
at: number, 
/**
 * Seconds since the gateway's start.
 */
uptime: number, 
/**
 * Client sessions in memory.
 */
sessions: number, 
/**
 * By the server's name.
 */
servers: Record<string, ServerPulse>, };

/**
 * How a server is reached.
 */
export type ServerKind = "local" | "remote";

/**
 * Who shares a server's connections.
 */
export type Sharing = "shared" | "session";

/**
 * A variable or a header. The value may be a key or a token, so it is not shown in logs.
 */
export type Pair = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its value.
 */
value: string, };

/**
 * A tool under another name.
 */
export type Rename = { 
/**
 * The server's own name for it.
 */
tool: string, 
/**
 * The name that clients see.
 */
name: string, };

/**
 * What is settled before users sign in to a server; the rest is found out.
 */
export type AuthForm = { 
/**
 * A client that the authorization server knows.
 */
clientId: string | null, 
/**
 * The secret of that client, or `${secret:NAME}`.
 */
clientSecret: string | null, 
/**
 * OAuth scope.
 */
scope: string | null, 
/**
 * The issuer.
 */
authorizationServer: string | null, };

/**
 * One server with everything that can be edited. `None` means that the file does not say.
 */
export type ServerForm = { 
/**
 * Its name.
 */
name: string, 
/**
 * Whether `command` or `url` counts.
 */
kind: ServerKind, 
/**
 * Program and arguments of a local server.
 */
command: Array<string>, 
/**
 * Variables of a local server.
 */
env: Array<Pair>, 
/**
 * Working directory of a local server.
 */
cwd: string | null, 
/**
 * Address of a remote server.
 */
url: string | null, 
/**
 * Headers sent to a remote server.
 */
headers: Array<Pair>, 
/**
 * In milliseconds.
 */
callTimeout: number | null, 
/**
 * Most connections.
 */
poolSize: number | null, 
/**
 * Who shares its connections.
 */
sharing: Sharing, 
/**
 * `mapping.<server>.prefix`; empty for none.
 */
prefix: string | null, 
/**
 * `mapping.<server>.stripPrefix`.
 */
stripPrefix: boolean, 
/**
 * `mapping.<server>.rename`.
 */
rename: Array<Rename>, 
/**
 * `toolFilters.<server>.include`: only these tools; an empty list is none.
 */
include: Array<string> | null, 
/**
 * `toolFilters.<server>.exclude`: never these.
 */
exclude: Array<string>, 
/**
 * The user's own words.
 */
description: string | null, 
/**
 * Whether it is started.
 */
enabled: boolean, 
/**
 * Users sign in to this remote server; `None` for no sign-in.
 */
auth: AuthForm | null, };

/**
 * What holds for a server where the file says nothing.
 */
export type Defaults = { 
/**
 * In milliseconds.
 */
callTimeout: number, 
/**
 * Most connections.
 */
poolSize: number, 
/**
 * Before each tool's name.
 */
prefix: string, };

/**
 * One server with what the file says about it.
 */
export type ServerDetail = { 
/**
 * How it fares.
 */
server: Server, 
/**
 * What the file says about it.
 */
form: ServerForm, 
/**
 * Which text of the file that is.
 */
revision: string | null, 
/**
 * The entry as it stands in the file, comments included.
 */
entry: string | null, 
/**
 * What holds where the file says nothing.
 */
defaults: Defaults, };

/**
 * One of a server's tools.
 */
export type ToolRow = { 
/**
 * The server's own name for it.
 */
own: string, 
/**
 * The name that clients see; `null` where it is switched off.
 */
exposed: string | null, 
/**
 * Whether clients see it.
 */
on: boolean, 
/**
 * The name that the file gives it.
 */
rename: string | null, 
/**
 * Its title.
 */
title: string | null, 
/**
 * What the server says about it.
 */
description: string | null, 
/**
 * It says that it changes nothing.
 */
readOnly: boolean | null, 
/**
 * It says that it may destroy something.
 */
destructive: boolean | null, };

/**
 * A server's tools, in its own order.
 */
export type ToolRows = { 
/**
 * All of them.
 */
tools: Array<ToolRow>, };

/**
 * Least severe first.
 */
export type LogLevel = "debug" | "info" | "notice" | "warning" | "error" | "critical" | "alert" | "emergency";

/**
 * Where a line comes from.
 */
export type Source = "stderr" | "stdout" | "protocol" | "gateway";

/**
 * One line of a server's log.
 */
export type LogLine = { 
/**
 * Counts the server's lines, from 1.
 */
seq: number, 
/**
 * When it came, in milliseconds since 1970.
 */
at: number, 
/**
 * Where it comes from.
 */
source: Source, 
/**
 * How grave it is; `null` for what was merely printed.
 */
level: LogLevel | null, 
/**
 * The line, without its end.
 */
text: string, 
/**
 * The same in Chinese, where the gateway says it.
 */
zh: string | null, };

/**
 * Lines of a log as they come.
 */
export type LogLines = { 
/**
 * The new ones, oldest first.
 */
lines: Array<LogLine>, };

/** At (since 1970), active, total, waiting, calls, memory (bytes), cpu (percent of one core). */
export type Sample = [number, number, number, number, number, number | null, number | null];

/**
 * A server's last minutes.
 */
export type History = { 
/**
 * Milliseconds between two samples.
 */
step: number, 
/**
 * `[at, active, total, waiting, calls, memory, cpu]`, oldest first.
 */
samples: Sample[], };

/**
 * A change that was made: it is in the file, and it is in force.
 */
export type Saved = { 
/**
 * Which text of the file is in force now.
 */
revision: string, 
/**
 * Takes the change back; `null` where nothing was changed.
 */
undo: string | null, 
/**
 * The file.
 */
path: string, 
/**
 * What in the file has no effect or will surprise.
 */
notices: Array<Words>, };

/**
 * The kinds of problems.
 */
export type ProblemCode = "conflict" | "invalid" | "notFound" | "unauthorized" | "unsupported" | "failed";

/**
 * What is wrong with one field.
 */
export type FieldProblem = { 
/**
 * A member of what was sent; empty where it concerns the whole.
 */
field: string, 
/**
 * Cause and remedy.
 */
message: Words, };

/**
 * A problem as it is sent.
 */
export type Problem = { 
/**
 * One line in English, for programs and logs.
 */
error: string, 
/**
 * What kind of problem it is.
 */
code: ProblemCode, 
/**
 * The cause, for a person.
 */
message: Words, 
/**
 * What to do about it.
 */
remedy: Words | null, 
/**
 * What is wrong with single fields.
 */
fields: Array<FieldProblem>, 
/**
 * Where the file was changed meanwhile: what it says now.
 */
current: ServerDetail | null, 
/**
 * Where the file was changed meanwhile: which text it is now.
 */
revision: string | null, };

/**
 * What a server is that was tried out.
 */
export type TestOk = { 
/**
 * What it calls itself.
 */
name: string, 
/**
 * Of the server.
 */
version: string, 
/**
 * The protocol version that was agreed on.
 */
protocol: string, 
/**
 * Its tools, as the form would expose them.
 */
tools: Array<ToolRow>, 
/**
 * Prompts that it offers.
 */
prompts: number, 
/**
 * Resources that it lists, templates included.
 */
resources: number, 
/**
 * Milliseconds from the start to its lists.
 */
took: number, };

/**
 * What decides about the port.
 */
export type PortFrom = "commandLine" | "environment" | "file" | "default";

/**
 * The gateway's own settings.
 */
export type Settings = { 
/**
 * The port that is asked for; 0 lets the system choose.
 */
port: number, 
/**
 * What decides about it.
 */
portFrom: PortFrom, 
/**
 * The address for clients, with the port that is really listened on.
 */
endpoint: string, 
/**
 * The configuration file; `null` where there is none.
 */
configPath: string | null, 
/**
 * Which text of it is in force.
 */
revision: string | null, 
/**
 * Where the gateway keeps what it keeps.
 */
dataDir: string, 
/**
 * Of the gateway.
 */
version: string, 
/**
 * A `tracing` filter.
 */
logLevel: string, };

/**
 * The configuration file as it is now.
 */
export type ConfigText = { 
/**
 * Where it is; `null` where there is none.
 */
path: string | null, 
/**
 * Which text it is.
 */
revision: string | null, 
/**
 * The text.
 */
text: string | null, };

/**
 * How a client is told of the bridge.
 */
export type BridgeInfo = { 
/**
 * The program; `null` where it is not installed beside this one.
 */
command: string | null, 
/**
 * What goes into Claude Desktop's configuration, ready to be pasted.
 */
entry: string, 
/**
 * That file, as it is usually called on this system.
 */
configFile: string, 
/**
 * The gateway's endpoint, which the bridge is given.
 */
url: string, };

/**
 * What the bridge saw.
 */
export type BridgeTry = { 
/**
 * The names of the tools.
 */
tools: Array<string>, 
/**
 * Milliseconds from its start to the list.
 */
took: number, 
/**
 * What it printed beside.
 */
stderr: string, };

/**
 * Where a sign-in at a provider stands.
 */
export type AccountState = "signedOut" | "signedIn" | "needsSignIn" | "signingIn";

/**
 * One user's account at one provider.
 */
export type Account = { 
/**
 * `aliyun:intl` or `server:<name>`.
 */
provider: string, 
/**
 * What it is called.
 */
title: Words, 
/**
 * Of Alibaba Cloud.
 */
site: 'intl' | 'cn' | null, 
/**
 * The remote server that asks for the sign-in.
 */
server: string | null, 
/**
 * `local` is the owner of this gateway.
 */
user: string, 
/**
 * Where it stands.
 */
state: AccountState, 
/**
 * A sign-in is under way, be somebody signed in already or not.
 */
signingIn: boolean, 
/**
 * When somebody signed in last.
 */
signedInAt: number | null, 
/**
 * It is the owner's and the configuration names a token: there is nothing to sign in to.
 */
static: boolean, 
/**
 * Who it is, as the provider identifies it.
 */
subject: string | null, 
/**
 * Who it is, for people.
 */
name: string | null, 
/**
 * What was granted.
 */
scope: string | null, 
/**
 * What calls have needed beyond that; the next sign-in asks for it.
 */
wanted: string | null, 
/**
 * When the present token expires.
 */
expiresAt: number | null, 
/**
 * The gateway renews the access by itself.
 */
refreshable: boolean, 
/**
 * Why a sign-in is needed.
 */
why: Words | null, 
/**
 * What the configuration lacks before anybody can sign in.
 */
misconfigured: Words | null, 
/**
 * The servers that use it.
 */
services: Array<string>, };

/**
 * All of them.
 */
export type AccountList = { 
/**
 * Those of the configuration first.
 */
accounts: Array<Account>, };

/**
 * A sign-in that has begun and goes on in a browser.
 */
export type SignInBegun = { 
/**
 * What the browser has to open.
 */
authorizeUrl: string, 
/**
 * Where the provider sends the answer.
 */
redirect: string, 
/**
 * In seconds.
 */
expiresIn: number, };

/**
 * A sign-in whose answer has arrived.
 */
export type SignInDone = { 
/**
 * Where somebody has signed in.
 */
provider: string, 
/**
 * Who, for people.
 */
name: string | null, 
/**
 * Where the browser goes on, in which a client waits for its access.
 */
next: string | null, };

/**
 * A client that asks the owner of this machine for access.
 */
export type Approval = { 
/**
 * Of this request.
 */
id: string, 
/**
 * Shown in the client's browser, too.
 */
code: string, 
/**
 * As it calls itself.
 */
clientName: string, 
/**
 * As it is registered.
 */
clientId: string, 
/**
 * Where the browser will be sent back to.
 */
redirectHost: string, 
/**
 * The endpoint that it asks for.
 */
resource: string, 
/**
 * When the request lapses.
 */
expiresAt: number, };

/**
 * All of them.
 */
export type ApprovalList = { 
/**
 * The oldest first.
 */
approvals: Array<Approval>, };

/**
 * Access that a client has.
 */
export type Grant = { 
/**
 * Of this access.
 */
id: string, 
/**
 * Who has given it.
 */
user: string, 
/**
 * As the client calls itself.
 */
clientName: string, 
/**
 * As it is registered.
 */
clientId: string, 
/**
 * The endpoint that it is for; `null` for all of them.
 */
resource: string | null, 
/**
 * When it was given.
 */
created: number, 
/**
 * When it was used last.
 */
lastUsed: number | null, 
/**
 * When it ends by itself.
 */
expiresAt: number | null, };

/**
 * All of them.
 */
export type GrantList = { 
/**
 * The newest first.
 */
grants: Array<Grant>, };

/**
 * A token that was made by hand. Nobody can read it a second time.
 */
export type NewGrant = { 
/**
 * Of the access.
 */
id: string, 
/**
 * To be sent as `Authorization: Bearer …`.
 */
token: string, };

/**
 * Where the key is that seals the secrets.
 */
export type KeyPlace = "unused" | "keychain" | "passphrase" | "variable" | "keyFile" | "locked";

/**
 * The key, without itself.
 */
export type Key = { 
/**
 * Where it is.
 */
where: KeyPlace, 
/**
 * What the owner should know about that.
 */
notice: Words | null, };

/**
 * A secret's name; its value stays in the gateway.
 */
export type SecretEntry = { 
/**
 * As in `${secret:NAME}`.
 */
name: string, 
/**
 * In seconds since 1970.
 */
changed: number, 
/**
 * The servers whose settings name it.
 */
usedBy: Array<string>, };

/**
 * A value in the configuration file that looks like a secret.
 */
export type PlainSecret = { 
/**
 * Whose it is.
 */
server: string, 
/**
 * `env`, `headers`, `url`, `auth`, or `command` with the number of the argument.
 */
place: string, 
/**
 * What it is called there.
 */
name: string, 
/**
 * The name under which it would be kept.
 */
suggested: string, };

/**
 * What there is.
 */
export type Secrets = { 
/**
 * What seals them.
 */
key: Key, 
/**
 * By name.
 */
secrets: Array<SecretEntry>, 
/**
 * What should be among them.
 */
plain: Array<PlainSecret>, };

/**
 * What there is after that.
 */
export type ServiceAdded = { success: boolean, alias: string, path: string, 
/**
 * Alias → path, of all of them.
 */
services: Record<string, string>, };

/**
 * How much a finding matters; the worst comes first.
 */
export type DoctorSeverity = "problem" | "warning" | "ok" | "skipped";

/**
 * Something that the doctor can do about a finding.
 */
export type DoctorFix = { 
/**
 * What to ask for.
 */
id: string, 
/**
 * What would be done.
 */
label: Words, };

/**
 * One thing that was looked at.
 */
export type DoctorFinding = { 
/**
 * The check, and what of several things it concerns; unique within a report.
 */
id: string, 
/**
 * The server that it concerns.
 */
subject: string | null, 
/**
 * How much it matters.
 */
severity: DoctorSeverity, 
/**
 * What is the matter.
 */
title: Words, 
/**
 * Why, with what was looked at.
 */
cause: Words | null, 
/**
 * What to do about it.
 */
remedy: Words | null, 
/**
 * What the doctor can do about it when asked.
 */
fix: DoctorFix | null, };

/**
 * Everything that an examination found, the worst first.
 */
export type DoctorReport = { 
/**
 * Of the gateway.
 */
version: string, 
/**
 * The operating system and the kind of processor.
 */
system: string, 
/**
 * What was looked at.
 */
findings: Array<DoctorFinding>, };

/**
 * What a fix came to.
 */
export type DoctorFixed = { 
/**
 * What was done; or that there was nothing to do any more.
 */
said: Words, 
/**
 * Takes a change of the configuration back.
 */
undo: string | null, };

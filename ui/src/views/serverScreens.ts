/** The screens about servers, accounts, what is wrong with them, and logs, loaded as one piece behind the first screen. */

export { default as AccountsView } from './accounts/AccountsView.svelte';
export { default as DoctorView } from './doctor/DoctorView.svelte';
export { default as GatewayLogView } from './servers/GatewayLogView.svelte';
export { default as ServerFormView } from './servers/ServerFormView.svelte';
export { default as ServersView } from './servers/ServersView.svelte';
export { default as ServerView } from './servers/ServerView.svelte';

/** The only file that speaks Tauri: requests go to the gateway's router inside this very process. */

import { invoke, isTauri } from '@tauri-apps/api/core';
import type { Reply, Send } from './transport';

/** Whether the page is shown by the desktop window and not by a browser. */
export const inWindow: () => boolean = isTauri;

/** Sends a request through the command `api` of the desktop shell. */
export const sendInProcess: Send = (method, path, body) =>
  invoke<Reply>('api', { method, path, body });

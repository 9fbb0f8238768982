/** Every text of the page in English. Its keys and parameters are the type of all catalogues. */

import { accounts } from './en/accounts';
import { common } from './en/common';
import { doctor } from './en/doctor';
import { home } from './en/home';
import { servers } from './en/servers';
import { settings } from './en/settings';

export const en = { accounts, common, doctor, home, servers, settings };

/** What a catalogue has to say: a key that is missing or too many does not compile. */
export type Messages = typeof en;

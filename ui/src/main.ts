/** Puts the page on screen. */

import { mount } from 'svelte';
import './app.css';
import { takeTokenFromAddress } from './api/token';
import { preferences } from './state/preferences.svelte';
import StatusView from './views/StatusView.svelte';

takeTokenFromAddress();
preferences.apply();

const target = document.getElementById('app');
if (target === null) throw new Error('BUG: index.html has no #app');
mount(StatusView, { target });

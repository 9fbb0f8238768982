/** Puts the page on screen. */

import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { entrance } from './state/entrance.svelte';
import { preferences } from './state/preferences.svelte';

preferences.apply();
void entrance.enter();

const target = document.getElementById('app');
if (target === null) throw new Error('BUG: index.html has no #app');
mount(App, { target });

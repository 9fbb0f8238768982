import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DoctorFinding, DoctorReport } from '../src/api/types';
import { preferences } from '../src/state/preferences.svelte';
import { toasts } from '../src/state/toasts.svelte';
import DoctorView from '../src/views/doctor/DoctorView.svelte';
import { asText, groups } from '../src/views/doctor/report';
import { serve, type Answers } from './fixtures';

const finding = (id: string, parts: Partial<DoctorFinding> = {}): DoctorFinding => ({
  id,
  subject: null,
  severity: 'ok',
  title: { en: `${id} in English`, zh: `${id} 的中文` },
  cause: null,
  remedy: null,
  fix: null,
  ...parts,
});

const command = finding('command', {
  severity: 'problem',
  subject: 'files',
  title: { en: 'The command `npx` was not found', zh: '找不到命令 `npx`' },
  cause: { en: 'searched: /usr/bin', zh: '已查找：/usr/bin' },
  remedy: { en: 'write its full path', zh: '请写完整路径' },
  fix: { id: 'command', label: { en: 'Write it', zh: '写入' } },
});

const report = (...findings: DoctorFinding[]): DoctorReport => ({
  version: '1.2.3',
  system: 'linux x86_64',
  findings,
});

const ill = report(finding('fine'), command, finding('late', { severity: 'skipped' }));
const well = report(finding('fine'), finding('command'));

let answers: Answers;
let fetch: ReturnType<typeof serve>;

beforeEach(() => {
  preferences.languageChoice = 'en';
  sessionStorage.setItem('mcp-gateway.token', 't');
  location.href = 'http://localhost:4298/ui/#/doctor';
  answers = { 'GET /api/doctor': ill };
  fetch = serve(answers);
});

afterEach(() => {
  cleanup();
  toasts.list.forEach((toast) => toasts.dismiss(toast.id));
  vi.unstubAllGlobals();
});

const sent = (method: string, path: string) =>
  fetch.mock.calls.filter(([url, init]) => url.pathname === path && init?.method === method);

test('the worst comes first, and empty groups are left out', () => {
  const found = groups(ill).map(({ severity, findings }) => [severity, findings.length]);
  expect(found).toEqual([
    ['problem', 1],
    ['ok', 1],
    ['skipped', 1],
  ]);
});

test('the report as a text has everything that helps, in the reader’s language', () => {
  const words = { problem: '问题', warning: '警告', ok: '正常', skipped: '未检查', todo: '办法' };
  const text = asText(ill, words, ({ zh }) => zh);
  expect(text).toContain('MCP Gateway 1.2.3 · linux x86_64');
  expect(text).toContain('[问题] 找不到命令 `npx`\n    已查找：/usr/bin\n    办法: 请写完整路径');
  expect(text).toContain('[正常] fine 的中文');
});

test('what is wrong is shown with its remedy, what is fine is folded', async () => {
  render(DoctorView);
  expect(screen.getByRole('status').textContent).toContain('Checking');
  const problems = await screen.findByRole('region', { name: 'Problems' });
  expect(problems.textContent).toContain('searched: /usr/bin');
  expect(problems.textContent).toContain('To do: Write its full path');
  const link = within(problems).getByRole('link', { name: 'Go to files' });
  expect(link.getAttribute('href')).toBe('#/servers/files');
  expect(screen.getByRole('status').textContent).toContain('1 problem');
  const fine = screen.getByRole('region', { name: 'In order' });
  expect(fine.querySelector('details')?.open).toBe(false);
});

test('a repair is asked for, told with a way back, and followed by another look', async () => {
  answers['POST /api/doctor/fix'] = { said: { en: 'It is npx now', zh: '现在是 npx' }, undo: 'u1' };
  answers['POST /api/undo'] = { revision: 'r', undo: null, path: '/c', notices: [] };
  render(DoctorView);
  const fix = await screen.findByRole('button', { name: 'Fix: The command npx was not found' });
  answers['GET /api/doctor'] = well;
  await fireEvent.click(fix);
  await screen.findByText('Everything that was looked at is in order.');
  expect(sent('POST', '/api/doctor/fix')[0]?.[1]?.body).toBe('{"id":"command"}');
  const [said] = toasts.list;
  expect(said?.text).toBe('It is npx now');

  answers['GET /api/doctor'] = ill;
  await toasts.act(said!);
  await tick();
  expect(sent('POST', '/api/undo')[0]?.[1]?.body).toBe('{"undo":"u1"}');
  expect(await screen.findByRole('region', { name: 'Problems' })).toBeTruthy();
});

test('a check that fails says why, and can be asked for again', async () => {
  answers['GET /api/doctor'] = new Error('gone');
  render(DoctorView);
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain('Could not reach the gateway');
  answers['GET /api/doctor'] = well;
  await fireEvent.click(screen.getByRole('button', { name: 'Check again' }));
  await screen.findByText('Everything that was looked at is in order.');
  expect(screen.queryByRole('alert')).toBeNull();
});

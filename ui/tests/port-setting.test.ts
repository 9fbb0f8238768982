import { fireEvent, render, screen } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import type { Settings } from '../src/api/types';
import PortSetting from '../src/views/settings/PortSetting.svelte';

const settings = (port: number): Settings => ({
  port,
  portFrom: 'file',
  endpoint: `http://localhost:${port}/mcp`,
  configPath: null,
  revision: null,
  dataDir: '/data',
  version: '1.0.0',
  logLevel: 'info',
});

test('a port that is being typed stays while the settings are read again', async () => {
  const onsaved = () => undefined;
  const { rerender } = render(PortSetting, { settings: settings(4298), onsaved });
  const box = screen.getByLabelText<HTMLInputElement>(/Port/);
  await fireEvent.input(box, { target: { value: '7000' } });
  await rerender({ settings: settings(4298), onsaved });
  expect(box.value).toBe('7000');
  await rerender({ settings: settings(5000), onsaved });
  expect(box.value).toBe('5000');
});

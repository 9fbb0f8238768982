/** Shows an address outside of this page: in the system's browser, or in a tab beside this one. */

import { inWindow, openSignIn } from './tauri';

/** Where an address will be shown once it is known. */
export interface Place {
  /** Resolves to whether it is shown now. */
  show(url: string): Promise<boolean>;
  /** There is nothing to show after all. */
  drop(): void;
}

/**
 * To be called while the reader's click is handled: a browser lets a page open a tab only then,
 * and the address may take longer.
 */
export function openPlace(): Place {
  return inWindow() ? systemBrowser : newTab();
}

const systemBrowser: Place = {
  show: (url) =>
    openSignIn(url).then(
      () => true,
      () => false,
    ),
  drop: () => undefined,
};

function newTab(): Place {
  const tab = window.open('about:blank', '_blank');
  return {
    show(url) {
      if (tab === null) return Promise.resolve(false);
      // The page behind the address has no business with this one.
      tab.opener = null;
      tab.location.replace(url);
      return Promise.resolve(true);
    },
    drop: () => tab?.close(),
  };
}

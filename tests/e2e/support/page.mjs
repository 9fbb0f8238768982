/** What the tests do on the page again and again. */

/** Puts `text` on the clipboard and pastes it where the focus is, as a user does. */
export async function paste(page, text) {
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await page.keyboard.press('Control+V');
}

/** Shows a screen by its address; resolves when its heading is there and has the focus. */
export async function goTo(page, hash, heading) {
  await page.evaluate((to) => (location.hash = to), hash);
  await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
}

/** The message in the corner that says this. */
export function toast(page, text) {
  return page.getByRole('region', { name: /F8/ }).getByRole('listitem').filter({ hasText: text });
}

/** Closes the messages in the corner: they may lie over what is to be clicked next. */
export async function closeToasts(page) {
  const close = page.getByRole('region', { name: /F8/ }).getByRole('button', { name: 'Close' });
  while ((await close.count()) > 0) await close.last().click();
}

/** What has the focus, in words; null where it is lost. */
export function focused(page) {
  return page.evaluate(() => {
    const { activeElement: element } = document;
    if (element === null || element === document.body) return null;
    const name =
      element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent;
    return `${element.getAttribute('role') ?? element.localName} ${name.trim()}`;
  });
}

/** How many pixels of a plot's canvas have a colour, which only its lines have. */
export function colouredPixels(plot) {
  return plot.locator('canvas').evaluate((canvas) => {
    // A copy: reading a canvas again and again makes the browser complain, and draw it elsewhere.
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext('2d', { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b, alpha] = data.slice(i, i + 4);
      if (alpha > 0 && Math.max(r, g, b) - Math.min(r, g, b) > 40) count += 1;
    }
    return count;
  });
}

/** A server's part of the live strip on Home. */
export function cell(page, name) {
  return page
    .getByRole('list', { name: 'Connections of each server' })
    .getByRole('link')
    .filter({ has: page.getByText(name, { exact: true }) });
}

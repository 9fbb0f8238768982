/** Server-sent events out of text that arrives in pieces (WHATWG HTML, "Server-sent events"). Pure. */

export interface ServerEvent {
  event: string;
  data: string;
}

/**
 * Keeps what is not a whole event yet. Comments keep a connection alive and
 * mean nothing; an event without data is none; `id` and `retry` are not used.
 */
export class EventParser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  /** Unread text may begin with the second half of a line end. */
  #afterCr = false;

  /** The events that `text` completes. */
  push(text: string): ServerEvent[] {
    if (text === '') return [];
    if (this.#afterCr && text.startsWith('\n')) text = text.slice(1);
    this.#afterCr = text.endsWith('\r');
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? '';
    const events: ServerEvent[] = [];
    for (const line of lines) {
      const event = this.#line(line);
      if (event !== null) events.push(event);
    }
    return events;
  }

  #line(line: string): ServerEvent | null {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return null;
  }

  #dispatch(): ServerEvent | null {
    const event = { event: this.#event || 'message', data: this.#data.join('\n') };
    const empty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    return empty ? null : event;
  }
}

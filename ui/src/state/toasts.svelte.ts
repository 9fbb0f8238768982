/** Short messages about what has just happened, with a way to take it back. */

/** How long a message stays, unless somebody is at it. */
export const TOAST_MS = 6000;
/** A message that offers something has to leave time to take the offer. */
export const ACTION_MS = 12_000;
/** More than this many at once would hide the page. */
export const MOST = 4;

export type ToastTone = 'good' | 'bad';

export interface ToastAction {
  label: string;
  run(): void | Promise<void>;
}

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: ToastTone;
  readonly action: ToastAction | null;
}

export class Toasts {
  /** What is on screen, oldest first. */
  list = $state.raw<readonly Toast[]>([]);

  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #held = false;

  /** Says that something worked. An `action`, such as Undo, can be taken once. */
  show(text: string, action: ToastAction | null = null): void {
    this.#add(text, 'good', action);
  }

  /** Says that something did not work. Stays until it is closed. */
  fail(text: string, action: ToastAction | null = null): void {
    this.#add(text, 'bad', action);
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** Takes the offer of a message, which is gone with that. */
  async act(toast: Toast): Promise<void> {
    this.dismiss(toast.id);
    await toast.action?.run();
  }

  /** Nothing goes while the reader points at the messages or is in them. */
  hold(): void {
    this.#held = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    for (const toast of this.list) this.#expire(toast);
  }

  #add(text: string, tone: ToastTone, action: ToastAction | null): void {
    const toast: Toast = { id: this.#next, text, tone, action };
    this.#next += 1;
    while (this.list.length >= MOST) this.#makeRoom();
    this.list = [...this.list, toast];
    if (!this.#held) this.#expire(toast);
  }

  /** The oldest that offers nothing and warns of nothing goes first. */
  #makeRoom(): void {
    const idle = this.list.find((toast) => toast.action === null && toast.tone === 'good');
    const first = idle ?? this.list[0];
    if (first !== undefined) this.dismiss(first.id);
  }

  #expire(toast: Toast): void {
    if (toast.tone === 'bad') return;
    const time = toast.action === null ? TOAST_MS : ACTION_MS;
    this.#timers.set(
      toast.id,
      setTimeout(() => this.dismiss(toast.id), time),
    );
  }
}

export const toasts = new Toasts();

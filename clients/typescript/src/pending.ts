/** Where pending requests survive a reload: `sessionStorage`, or anything like it. */
export type PendingStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

interface Stored {
  /** Whose they are, as the token said. */
  who?: string | undefined;
  /** By id: the message while the server may not have it, null from then on. */
  requests: Record<string, string | null>;
}

/**
 * The requests that are not finished, in a storage. Each change reads what is
 * there, so that two clients can share one. A storage that throws, full or
 * forbidden, costs only the memory.
 */
export class Pending {
  #who: string | undefined;

  constructor(
    private readonly storage: PendingStorage | undefined,
    private readonly key: string,
  ) {}

  load(): Stored {
    try {
      const { who, requests } = JSON.parse(this.storage!.getItem(this.key)!);
      return { who, requests: requests ?? {} };
    } catch {
      return { requests: {} };
    }
  }

  put(id: string, text: string | null): void {
    this.#change((requests) => (requests[id] = text));
  }

  remove(id: string): void {
    this.#change((requests) => delete requests[id]);
  }

  /** Notes whose requests these are from now on. */
  claim(who: string | undefined): void {
    this.#who = who;
    this.#change(() => {});
  }

  #change(edit: (requests: Stored["requests"]) => void): void {
    if (!this.storage) return;
    const { who, requests } = this.load();
    edit(requests);
    try {
      if (!Object.keys(requests).length) this.storage.removeItem(this.key);
      else this.storage.setItem(this.key, JSON.stringify({ who: this.#who ?? who, requests }));
    } catch {
      // See above.
    }
  }
}

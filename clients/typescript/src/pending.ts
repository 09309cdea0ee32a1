/** Where pending requests survive a reload: `sessionStorage`, or anything like it. */
export type PendingStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

interface Stored {
  /** The caller that they belong to, as the token said. */
  caller?: string | undefined;
  /** By id: the message while the server may not have it, null from then on. */
  requests: Record<string, string | null>;
}

/**
 * The requests that are not finished, in a storage. Each change reads what is
 * there, so that two clients can share one. A storage that throws, full or
 * forbidden, costs only the memory.
 */
export class Pending {
  #caller: string | undefined;

  constructor(
    private readonly storage: PendingStorage | undefined,
    private readonly key: string,
  ) {}

  load(): Stored {
    try {
      const { caller, requests } = JSON.parse(this.storage!.getItem(this.key)!);
      return { caller, requests: requests ?? {} };
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

  /** Notes the caller whose requests these are from now on. */
  claim(caller: string | undefined): void {
    this.#caller = caller;
    this.#change(() => {});
  }

  #change(edit: (requests: Stored["requests"]) => void): void {
    if (!this.storage) return;
    const { caller, requests } = this.load();
    edit(requests);
    try {
      if (!Object.keys(requests).length) this.storage.removeItem(this.key);
      else this.storage.setItem(this.key, JSON.stringify({ caller: this.#caller ?? caller, requests }));
    } catch {
      // See above.
    }
  }
}

/** Where pending requests survive a reload: `sessionStorage`, or anything like it. */
export interface PendingStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

interface Stored {
  /** The caller that they belong to, as the token said. */
  caller?: string | undefined;
  requests: Map<string, Kept>;
}

/** The message while the server may not have it, the percentage from then on; null: it is to be cancelled. */
export type Kept = string | number | null;

/**
 * The requests that are not finished, in a storage. Each change reads what is
 * there, so that two clients can share one. A storage that throws, full or
 * forbidden, costs only the memory.
 */
export class Pending {
  /** The caller whose requests these are, once that is known. */
  owner: string | undefined;

  constructor(
    private readonly storageSource: PendingStorage | (() => PendingStorage | undefined) | undefined,
    private readonly storageKey: string,
  ) {}

  load(): Stored {
    try {
      const { caller, requests } = JSON.parse(this.#storage!.getItem(this.storageKey)!);
      return { caller, requests: new Map(requests) };
    } catch {
      return { requests: new Map() };
    }
  }

  /** Notes what there is to know of a request; undefined: nothing more. */
  put(id: string, kept?: Kept): void {
    const { caller, requests } = this.load();
    if (kept === undefined) requests.delete(id);
    else requests.set(id, kept);
    try {
      if (!requests.size) this.#storage?.removeItem(this.storageKey);
      else this.#storage?.setItem(this.storageKey, JSON.stringify({ caller: this.owner ?? caller, requests: [...requests] }));
    } catch {
      // See above.
    }
  }

  /** Notes the caller whose requests these are from now on. */
  claim(caller: string | undefined): void {
    this.owner = caller;
    this.put(""); // which is no request's id
  }

  /** A function is asked with each use: on a server that renders there may be none. */
  get #storage(): PendingStorage | undefined {
    return typeof this.storageSource === "function" ? this.storageSource() : this.storageSource;
  }
}

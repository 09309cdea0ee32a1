const systemClock = {
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer)
};
class Timers {
  constructor(clock) {
    this.clock = clock;
  }
  clock;
  #live = /* @__PURE__ */ new Map();
  #cleared = false;
  /**
   * Runs once after ms, unless the function that it returns is called first.
   * `cleared` runs in its place when all timers are cleared, or were.
   */
  after(ms, run, cleared) {
    if (this.#cleared) {
      cleared?.();
      return () => {
      };
    }
    const timer = this.clock.setTimeout(() => {
      this.#live.delete(timer);
      run();
    }, Math.min(ms, 2 ** 31 - 1));
    this.#live.set(timer, cleared);
    return () => {
      this.#live.delete(timer);
      this.clock.clearTimeout(timer);
    };
  }
  /** Resolves after ms, or when all timers are cleared. */
  pause(ms) {
    return new Promise((resolve) => this.after(ms, resolve, resolve));
  }
  /** Full jitter: anywhere between nothing and a limit that doubles up to 30 s. */
  backoff(attempt) {
    return this.clock.random() * Math.min(3e4, 1e3 * 2 ** attempt);
  }
  clear() {
    this.#cleared = true;
    for (const [timer, cleared] of this.#live) {
      this.clock.clearTimeout(timer);
      cleared?.();
    }
    this.#live.clear();
  }
}
function deferred() {
  const d = {};
  d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }));
  d.promise.catch(() => {
  });
  return d;
}
export {
  Timers,
  deferred,
  systemClock
};
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vc3JjL2Nsb2NrLnRzIl0sCiAgInNvdXJjZXNDb250ZW50IjogWyIvKiogVGltZSBhbmQgY2hhbmNlLCBzbyB0aGF0IHRlc3RzIGNhbiBvd24gYm90aC4gVGltZXMgYXJlIGluIG1pbGxpc2Vjb25kcy4gKi9cbmV4cG9ydCBpbnRlcmZhY2UgQ2xvY2sge1xuICBub3coKTogbnVtYmVyO1xuICAvKiogQSBudW1iZXIgZnJvbSAwIHVwIHRvLCBhbmQgd2l0aG91dCwgMS4gKi9cbiAgcmFuZG9tKCk6IG51bWJlcjtcbiAgc2V0VGltZW91dChydW46ICgpID0+IHZvaWQsIG1zOiBudW1iZXIpOiB1bmtub3duO1xuICBjbGVhclRpbWVvdXQodGltZXI6IHVua25vd24pOiB2b2lkO1xufVxuXG5leHBvcnQgY29uc3Qgc3lzdGVtQ2xvY2s6IENsb2NrID0ge1xuICBub3c6ICgpID0+IERhdGUubm93KCksXG4gIHJhbmRvbTogKCkgPT4gTWF0aC5yYW5kb20oKSxcbiAgc2V0VGltZW91dDogKHJ1biwgbXMpID0+IHNldFRpbWVvdXQocnVuLCBtcyksXG4gIGNsZWFyVGltZW91dDogKHRpbWVyKSA9PiBjbGVhclRpbWVvdXQodGltZXIgYXMgbnVtYmVyKSxcbn07XG5cbi8qKlxuICogRXZlcnkgdGltZXIgb2Ygb25lIGNsaWVudCwgYW5kIHNvIGl0cyBsaWZlOiBjbG9zaW5nIGl0IGNsZWFycyB0aGVtLCB3aGljaCBlbmRzXG4gKiB3aGF0ZXZlciB3YXMgYm91bmRlZCBieSBvbmUuIEFmdGVyIGBjbGVhcmAgbm8gbmV3IG9uZSBzdGFydHMuXG4gKi9cbmV4cG9ydCBjbGFzcyBUaW1lcnMge1xuICByZWFkb25seSAjbGl2ZSA9IG5ldyBNYXA8dW5rbm93biwgKCgpID0+IHZvaWQpIHwgdW5kZWZpbmVkPigpO1xuICAjY2xlYXJlZCA9IGZhbHNlO1xuXG4gIGNvbnN0cnVjdG9yKHJlYWRvbmx5IGNsb2NrOiBDbG9jaykge31cblxuICAvKipcbiAgICogUnVucyBvbmNlIGFmdGVyIG1zLCB1bmxlc3MgdGhlIGZ1bmN0aW9uIHRoYXQgaXQgcmV0dXJucyBpcyBjYWxsZWQgZmlyc3QuXG4gICAqIGBjbGVhcmVkYCBydW5zIGluIGl0cyBwbGFjZSB3aGVuIGFsbCB0aW1lcnMgYXJlIGNsZWFyZWQsIG9yIHdlcmUuXG4gICAqL1xuICBhZnRlcihtczogbnVtYmVyLCBydW46ICgpID0+IHZvaWQsIGNsZWFyZWQ/OiAoKSA9PiB2b2lkKTogKCkgPT4gdm9pZCB7XG4gICAgaWYgKHRoaXMuI2NsZWFyZWQpIHtcbiAgICAgIGNsZWFyZWQ/LigpO1xuICAgICAgcmV0dXJuICgpID0+IHt9O1xuICAgIH1cbiAgICAvLyBCcm93c2VycyBhbmQgTm9kZSB0YWtlIGEgdGltZSBsb25nZXIgdGhhbiB0aGlzIGZvciBub25lIGF0IGFsbC5cbiAgICBjb25zdCB0aW1lciA9IHRoaXMuY2xvY2suc2V0VGltZW91dCgoKSA9PiB7XG4gICAgICB0aGlzLiNsaXZlLmRlbGV0ZSh0aW1lcik7XG4gICAgICBydW4oKTtcbiAgICB9LCBNYXRoLm1pbihtcywgMiAqKiAzMSAtIDEpKTtcbiAgICB0aGlzLiNsaXZlLnNldCh0aW1lciwgY2xlYXJlZCk7XG4gICAgcmV0dXJuICgpID0+IHtcbiAgICAgIHRoaXMuI2xpdmUuZGVsZXRlKHRpbWVyKTtcbiAgICAgIHRoaXMuY2xvY2suY2xlYXJUaW1lb3V0KHRpbWVyKTtcbiAgICB9O1xuICB9XG5cbiAgLyoqIFJlc29sdmVzIGFmdGVyIG1zLCBvciB3aGVuIGFsbCB0aW1lcnMgYXJlIGNsZWFyZWQuICovXG4gIHBhdXNlKG1zOiBudW1iZXIpOiBQcm9taXNlPHZvaWQ+IHtcbiAgICByZXR1cm4gbmV3IFByb21pc2UoKHJlc29sdmUpID0+IHRoaXMuYWZ0ZXIobXMsIHJlc29sdmUsIHJlc29sdmUpKTtcbiAgfVxuXG4gIC8qKiBGdWxsIGppdHRlcjogYW55d2hlcmUgYmV0d2VlbiBub3RoaW5nIGFuZCBhIGxpbWl0IHRoYXQgZG91YmxlcyB1cCB0byAzMCBzLiAqL1xuICBiYWNrb2ZmKGF0dGVtcHQ6IG51bWJlcik6IG51bWJlciB7XG4gICAgcmV0dXJuIHRoaXMuY2xvY2sucmFuZG9tKCkgKiBNYXRoLm1pbigzMF8wMDAsIDEwMDAgKiAyICoqIGF0dGVtcHQpO1xuICB9XG5cbiAgY2xlYXIoKTogdm9pZCB7XG4gICAgdGhpcy4jY2xlYXJlZCA9IHRydWU7XG4gICAgZm9yIChjb25zdCBbdGltZXIsIGNsZWFyZWRdIG9mIHRoaXMuI2xpdmUpIHtcbiAgICAgIHRoaXMuY2xvY2suY2xlYXJUaW1lb3V0KHRpbWVyKTtcbiAgICAgIGNsZWFyZWQ/LigpO1xuICAgIH1cbiAgICB0aGlzLiNsaXZlLmNsZWFyKCk7XG4gIH1cbn1cblxuLyoqIEEgcHJvbWlzZSBhbmQgdGhlIGZ1bmN0aW9ucyB0aGF0IHNldHRsZSBpdC4gKi9cbmV4cG9ydCBpbnRlcmZhY2UgRGVmZXJyZWQ8VD4ge1xuICBwcm9taXNlOiBQcm9taXNlPFQ+O1xuICByZXNvbHZlKHZhbHVlOiBUIHwgUHJvbWlzZUxpa2U8VD4pOiB2b2lkO1xuICByZWplY3QoZXJyb3I6IHVua25vd24pOiB2b2lkO1xufVxuXG4vKiogQSByZWplY3Rpb24gdGhhdCBub2JvZHkgbGlzdGVucyB0byBpcyBubyBmYXVsdDogd2hvZXZlciBhd2FpdHMgaXQgc3RpbGwgZ2V0cyBpdC4gKi9cbmV4cG9ydCBmdW5jdGlvbiBkZWZlcnJlZDxUPigpOiBEZWZlcnJlZDxUPiB7XG4gIGNvbnN0IGQgPSB7fSBhcyBEZWZlcnJlZDxUPjtcbiAgZC5wcm9taXNlID0gbmV3IFByb21pc2U8VD4oKHJlc29sdmUsIHJlamVjdCkgPT4gT2JqZWN0LmFzc2lnbihkLCB7IHJlc29sdmUsIHJlamVjdCB9KSk7XG4gIGQucHJvbWlzZS5jYXRjaCgoKSA9PiB7fSk7XG4gIHJldHVybiBkO1xufVxuIl0sCiAgIm1hcHBpbmdzIjogIkFBU08sTUFBTSxjQUFxQjtBQUFBLEVBQ2hDLEtBQUssTUFBTSxLQUFLLElBQUk7QUFBQSxFQUNwQixRQUFRLE1BQU0sS0FBSyxPQUFPO0FBQUEsRUFDMUIsWUFBWSxDQUFDLEtBQUssT0FBTyxXQUFXLEtBQUssRUFBRTtBQUFBLEVBQzNDLGNBQWMsQ0FBQyxVQUFVLGFBQWEsS0FBZTtBQUN2RDtBQU1PLE1BQU0sT0FBTztBQUFBLEVBSWxCLFlBQXFCLE9BQWM7QUFBZDtBQUFBLEVBQWU7QUFBQSxFQUFmO0FBQUEsRUFIWixRQUFRLG9CQUFJLElBQXVDO0FBQUEsRUFDNUQsV0FBVztBQUFBO0FBQUE7QUFBQTtBQUFBO0FBQUEsRUFRWCxNQUFNLElBQVksS0FBaUIsU0FBa0M7QUFDbkUsUUFBSSxLQUFLLFVBQVU7QUFDakIsZ0JBQVU7QUFDVixhQUFPLE1BQU07QUFBQSxNQUFDO0FBQUEsSUFDaEI7QUFFQSxVQUFNLFFBQVEsS0FBSyxNQUFNLFdBQVcsTUFBTTtBQUN4QyxXQUFLLE1BQU0sT0FBTyxLQUFLO0FBQ3ZCLFVBQUk7QUFBQSxJQUNOLEdBQUcsS0FBSyxJQUFJLElBQUksS0FBSyxLQUFLLENBQUMsQ0FBQztBQUM1QixTQUFLLE1BQU0sSUFBSSxPQUFPLE9BQU87QUFDN0IsV0FBTyxNQUFNO0FBQ1gsV0FBSyxNQUFNLE9BQU8sS0FBSztBQUN2QixXQUFLLE1BQU0sYUFBYSxLQUFLO0FBQUEsSUFDL0I7QUFBQSxFQUNGO0FBQUE7QUFBQSxFQUdBLE1BQU0sSUFBMkI7QUFDL0IsV0FBTyxJQUFJLFFBQVEsQ0FBQyxZQUFZLEtBQUssTUFBTSxJQUFJLFNBQVMsT0FBTyxDQUFDO0FBQUEsRUFDbEU7QUFBQTtBQUFBLEVBR0EsUUFBUSxTQUF5QjtBQUMvQixXQUFPLEtBQUssTUFBTSxPQUFPLElBQUksS0FBSyxJQUFJLEtBQVEsTUFBTyxLQUFLLE9BQU87QUFBQSxFQUNuRTtBQUFBLEVBRUEsUUFBYztBQUNaLFNBQUssV0FBVztBQUNoQixlQUFXLENBQUMsT0FBTyxPQUFPLEtBQUssS0FBSyxPQUFPO0FBQ3pDLFdBQUssTUFBTSxhQUFhLEtBQUs7QUFDN0IsZ0JBQVU7QUFBQSxJQUNaO0FBQ0EsU0FBSyxNQUFNLE1BQU07QUFBQSxFQUNuQjtBQUNGO0FBVU8sU0FBUyxXQUEyQjtBQUN6QyxRQUFNLElBQUksQ0FBQztBQUNYLElBQUUsVUFBVSxJQUFJLFFBQVcsQ0FBQyxTQUFTLFdBQVcsT0FBTyxPQUFPLEdBQUcsRUFBRSxTQUFTLE9BQU8sQ0FBQyxDQUFDO0FBQ3JGLElBQUUsUUFBUSxNQUFNLE1BQU07QUFBQSxFQUFDLENBQUM7QUFDeEIsU0FBTztBQUNUOyIsCiAgIm5hbWVzIjogW10KfQo=

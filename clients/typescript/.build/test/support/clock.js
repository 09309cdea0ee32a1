class ManualClock {
  timers = /* @__PURE__ */ new Set();
  /** What random returns. */
  chance = () => 0.5;
  #now = 18e11;
  now() {
    return this.#now;
  }
  random() {
    return this.chance();
  }
  setTimeout(run, ms) {
    const timer = { at: this.#now + ms, run };
    this.timers.add(timer);
    return timer;
  }
  clearTimeout(timer) {
    this.timers.delete(timer);
  }
  /** Moves the time on and runs what becomes due, in its order. */
  advance(ms) {
    const until = this.#now + ms;
    for (; ; ) {
      const [next] = [...this.timers].filter((t) => t.at <= until).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = until;
  }
  /** How long until each timer is due, the first one first. */
  due() {
    return [...this.timers].map((t) => t.at - this.#now).sort((a, b) => a - b);
  }
}
export {
  ManualClock
};
//# sourceMappingURL=data:application/json;base64,ewogICJ2ZXJzaW9uIjogMywKICAic291cmNlcyI6IFsiLi4vLi4vLi4vdGVzdC9zdXBwb3J0L2Nsb2NrLnRzIl0sCiAgInNvdXJjZXNDb250ZW50IjogWyJpbXBvcnQgdHlwZSB7IENsb2NrIH0gZnJvbSBcIi4uLy4uL3NyYy9jbG9jay5qc1wiO1xuXG5pbnRlcmZhY2UgVGltZXIge1xuICBhdDogbnVtYmVyO1xuICBydW46ICgpID0+IHZvaWQ7XG59XG5cbi8qKiBBIGNsb2NrIHRoYXQgc3RhbmRzIHN0aWxsIHVudGlsIGEgdGVzdCBtb3ZlcyBpdC4gKi9cbmV4cG9ydCBjbGFzcyBNYW51YWxDbG9jayBpbXBsZW1lbnRzIENsb2NrIHtcbiAgcmVhZG9ubHkgdGltZXJzID0gbmV3IFNldDxUaW1lcj4oKTtcbiAgLyoqIFdoYXQgcmFuZG9tIHJldHVybnMuICovXG4gIGNoYW5jZTogKCkgPT4gbnVtYmVyID0gKCkgPT4gMC41O1xuICAjbm93ID0gMV84MDBfMDAwXzAwMF8wMDA7XG5cbiAgbm93KCk6IG51bWJlciB7XG4gICAgcmV0dXJuIHRoaXMuI25vdztcbiAgfVxuXG4gIHJhbmRvbSgpOiBudW1iZXIge1xuICAgIHJldHVybiB0aGlzLmNoYW5jZSgpO1xuICB9XG5cbiAgc2V0VGltZW91dChydW46ICgpID0+IHZvaWQsIG1zOiBudW1iZXIpOiBUaW1lciB7XG4gICAgY29uc3QgdGltZXIgPSB7IGF0OiB0aGlzLiNub3cgKyBtcywgcnVuIH07XG4gICAgdGhpcy50aW1lcnMuYWRkKHRpbWVyKTtcbiAgICByZXR1cm4gdGltZXI7XG4gIH1cblxuICBjbGVhclRpbWVvdXQodGltZXI6IHVua25vd24pOiB2b2lkIHtcbiAgICB0aGlzLnRpbWVycy5kZWxldGUodGltZXIgYXMgVGltZXIpO1xuICB9XG5cbiAgLyoqIE1vdmVzIHRoZSB0aW1lIG9uIGFuZCBydW5zIHdoYXQgYmVjb21lcyBkdWUsIGluIGl0cyBvcmRlci4gKi9cbiAgYWR2YW5jZShtczogbnVtYmVyKTogdm9pZCB7XG4gICAgY29uc3QgdW50aWwgPSB0aGlzLiNub3cgKyBtcztcbiAgICBmb3IgKDs7KSB7XG4gICAgICBjb25zdCBbbmV4dF0gPSBbLi4udGhpcy50aW1lcnNdLmZpbHRlcigodCkgPT4gdC5hdCA8PSB1bnRpbCkuc29ydCgoYSwgYikgPT4gYS5hdCAtIGIuYXQpO1xuICAgICAgaWYgKCFuZXh0KSBicmVhaztcbiAgICAgIHRoaXMudGltZXJzLmRlbGV0ZShuZXh0KTtcbiAgICAgIHRoaXMuI25vdyA9IE1hdGgubWF4KHRoaXMuI25vdywgbmV4dC5hdCk7XG4gICAgICBuZXh0LnJ1bigpO1xuICAgIH1cbiAgICB0aGlzLiNub3cgPSB1bnRpbDtcbiAgfVxuXG4gIC8qKiBIb3cgbG9uZyB1bnRpbCBlYWNoIHRpbWVyIGlzIGR1ZSwgdGhlIGZpcnN0IG9uZSBmaXJzdC4gKi9cbiAgZHVlKCk6IG51bWJlcltdIHtcbiAgICByZXR1cm4gWy4uLnRoaXMudGltZXJzXS5tYXAoKHQpID0+IHQuYXQgLSB0aGlzLiNub3cpLnNvcnQoKGEsIGIpID0+IGEgLSBiKTtcbiAgfVxufVxuIl0sCiAgIm1hcHBpbmdzIjogIkFBUU8sTUFBTSxZQUE2QjtBQUFBLEVBQy9CLFNBQVMsb0JBQUksSUFBVztBQUFBO0FBQUEsRUFFakMsU0FBdUIsTUFBTTtBQUFBLEVBQzdCLE9BQU87QUFBQSxFQUVQLE1BQWM7QUFDWixXQUFPLEtBQUs7QUFBQSxFQUNkO0FBQUEsRUFFQSxTQUFpQjtBQUNmLFdBQU8sS0FBSyxPQUFPO0FBQUEsRUFDckI7QUFBQSxFQUVBLFdBQVcsS0FBaUIsSUFBbUI7QUFDN0MsVUFBTSxRQUFRLEVBQUUsSUFBSSxLQUFLLE9BQU8sSUFBSSxJQUFJO0FBQ3hDLFNBQUssT0FBTyxJQUFJLEtBQUs7QUFDckIsV0FBTztBQUFBLEVBQ1Q7QUFBQSxFQUVBLGFBQWEsT0FBc0I7QUFDakMsU0FBSyxPQUFPLE9BQU8sS0FBYztBQUFBLEVBQ25DO0FBQUE7QUFBQSxFQUdBLFFBQVEsSUFBa0I7QUFDeEIsVUFBTSxRQUFRLEtBQUssT0FBTztBQUMxQixlQUFTO0FBQ1AsWUFBTSxDQUFDLElBQUksSUFBSSxDQUFDLEdBQUcsS0FBSyxNQUFNLEVBQUUsT0FBTyxDQUFDLE1BQU0sRUFBRSxNQUFNLEtBQUssRUFBRSxLQUFLLENBQUMsR0FBRyxNQUFNLEVBQUUsS0FBSyxFQUFFLEVBQUU7QUFDdkYsVUFBSSxDQUFDLEtBQU07QUFDWCxXQUFLLE9BQU8sT0FBTyxJQUFJO0FBQ3ZCLFdBQUssT0FBTyxLQUFLLElBQUksS0FBSyxNQUFNLEtBQUssRUFBRTtBQUN2QyxXQUFLLElBQUk7QUFBQSxJQUNYO0FBQ0EsU0FBSyxPQUFPO0FBQUEsRUFDZDtBQUFBO0FBQUEsRUFHQSxNQUFnQjtBQUNkLFdBQU8sQ0FBQyxHQUFHLEtBQUssTUFBTSxFQUFFLElBQUksQ0FBQyxNQUFNLEVBQUUsS0FBSyxLQUFLLElBQUksRUFBRSxLQUFLLENBQUMsR0FBRyxNQUFNLElBQUksQ0FBQztBQUFBLEVBQzNFO0FBQ0Y7IiwKICAibmFtZXMiOiBbXQp9Cg==

// One thing after the other: requests in the order of their arrival, and where there are none, the next bit of work.

export class Turns<Request> {
  private readonly requests: Request[] = [];
  private wake = () => {};

  add(request: Request): void {
    this.requests.push(request);
    this.wake();
  }

  /** @param work does a bit if there is any to do, and says whether there was. Neither may throw. */
  async take(perform: (request: Request) => Promise<void>, work: () => Promise<boolean>): Promise<never> {
    for (;;) {
      const request = this.requests.shift();
      if (request !== undefined) await perform(request);
      else if (!(await work()) && this.requests.length === 0) await this.waitForRequest();
    }
  }

  private waitForRequest(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

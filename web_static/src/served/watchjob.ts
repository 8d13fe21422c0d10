// Follows a job: by its events, or, where there are none to be had, by asking from time to time.

import { OVER, Refused, type Client, type Job } from "./api";

const ASK_MS = 1000;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => window.setTimeout(resolve, ms));
}

/** Tells each change of a job until it is over, and gives the job as it then is. Rejects where the server forgot it. */
export async function watchJob(client: Client, start: Job, tell: (job: Job) => void): Promise<Job> {
  tell(start);
  let last = start;
  while (!OVER.has(last.state)) {
    const seen = await byEvents(client, last, tell);
    if (seen) last = seen;
    if (OVER.has(last.state)) break;
    await pause(ASK_MS);
    try {
      last = await client.get<Job>(`jobs/${last.id}`);
      tell(last);
    } catch (error) {
      // A server that does not answer may come back; one that does not know the job will not.
      if (error instanceof Refused) throw error;
    }
  }
  return last;
}

function byEvents(client: Client, job: Job, tell: (job: Job) => void): Promise<Job | null> {
  return new Promise((resolve) => {
    let last: Job | null = null;
    const events = new EventSource(client.url(`jobs/${job.id}/events`));
    const end = (): void => {
      events.close();
      resolve(last);
    };
    events.addEventListener("job", (event) => {
      last = JSON.parse((event as MessageEvent<string>).data) as Job;
      tell(last);
      if (OVER.has(last.state)) end();
    });
    events.addEventListener("error", end);
  });
}

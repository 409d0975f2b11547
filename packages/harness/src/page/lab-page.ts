/** The page of a lab: its feed, its actions and its server together. */
import type { PageHello } from '@mtalab/trace';
import type { Lab } from '../lab/lab.js';
import { LabFeed } from './lab-feed.js';
import { PageActions, type PageLessons } from './page-actions.js';
import { PageServer } from './page-server.js';
import { PageSession } from './page-session.js';
import { recordingPage } from './recording.js';
import { readStaticFiles } from './static-files.js';

export type LabPageOptions = {
  /** Folder of the built page. */
  readonly folder: string;
  /** Port on 127.0.0.1. 0, the default: the system chooses. */
  readonly port?: number;
  /** What is shown as the name of the lab. */
  readonly title: string;
  /** Default: the page has no lessons. */
  readonly lessons?: PageLessons;
};

export class LabPage {
  readonly #server: PageServer;
  readonly #feed: LabFeed;
  readonly #actions: PageActions;

  private constructor(server: PageServer, feed: LabFeed, actions: PageActions) {
    this.#server = server;
    this.#feed = feed;
    this.#actions = actions;
  }

  /**
   * Serves the page of a lab, and follows the lab from now on.
   * @throws HarnessError if the page is not built or the port is taken.
   */
  static async start(lab: Lab, options: LabPageOptions): Promise<LabPage> {
    const files = readStaticFiles(options.folder);
    const feed = new LabFeed(lab);
    const actions = new PageActions(lab, options.lessons);
    const hello = (): PageHello => ({
      type: 'hello',
      run: lab.runId,
      title: options.title,
      mtas: [...lab.processes.keys()].map((name) => ({ name, domain: lab.domain(name) })),
      timeScale: lab.clock.timeScale,
      labNowMs: lab.clock.nowMs(),
      proxied: lab.proxy !== undefined,
    });
    try {
      const server = await PageServer.start({
        files,
        port: options.port ?? 0,
        recording: () => recordingPage(files, feed.log.kept(), options.title),
        onPage: (socket) => new PageSession(socket, { feed, actions, hello }),
      });
      await feed.look();
      return new LabPage(server, feed, actions);
    } catch (error) {
      await feed.close();
      throw error;
    }
  }

  /** An address that opens the page once. */
  newAddress(): string {
    return this.#server.newAddress();
  }

  async close(): Promise<void> {
    this.#actions.close();
    await this.#feed.close();
    await this.#server.close();
  }
}

/** The page of a lab: its feed, its actions and its server together. */
import type { PageHello } from '@mtalab/trace';
import type { Lab } from '../lab/lab.js';
import { HarnessError } from '../process/errors.js';
import { LabFeed } from './lab-feed.js';
import { PageActions, type PageLessons } from './page-actions.js';
import { PageServer } from './page-server.js';
import { type PageFeed, PageSession } from './page-session.js';
import { recordingPage } from './recording.js';
import { readStaticFiles } from './static-files.js';
import { TwinActions } from './twin-actions.js';

export type LabPageOptions = {
  /** Folder of the built page. */
  readonly folder: string;
  /** Port on 127.0.0.1. 0, the default: the system chooses. */
  readonly port?: number;
  /** What is shown as the name of the lab. */
  readonly title: string;
  /** Default: the page has no lessons. */
  readonly lessons?: PageLessons;
  /** Starts a second pair of the same description, with these articles the other way about. Default: the page can have no twin. */
  readonly twin?: (articles: readonly string[]) => Promise<Lab>;
};

/** The second pair beside the one of the page. */
class Twin {
  lab: Lab | null = null;
  feed: LabFeed | null = null;

  #ended = false;

  /** @throws HarnessError if the first pair has ended meanwhile. */
  async begin(lab: Lab, first: LabFeed): Promise<PageActions> {
    this.lab = lab;
    if (this.#ended) {
      await lab.end();
      throw new HarnessError('the pair ends, so it gets no twin');
    }
    this.feed = new LabFeed(lab, { twinOf: first });
    await this.feed.look();
    return new PageActions(lab);
  }

  /** Ends its processes. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.feed?.close();
    await this.lab?.end();
  }
}

export class LabPage {
  readonly #server: PageServer;
  readonly #feed: LabFeed;
  readonly #actions: TwinActions;
  readonly #twin: Twin;

  private constructor(server: PageServer, feed: LabFeed, actions: TwinActions, twin: Twin) {
    this.#server = server;
    this.#feed = feed;
    this.#actions = actions;
    this.#twin = twin;
  }

  /**
   * Serves the page of a lab, and follows the lab from now on.
   * @throws HarnessError if the page is not built or the port is taken.
   */
  static async start(lab: Lab, options: LabPageOptions): Promise<LabPage> {
    const files = readStaticFiles(options.folder);
    const feed = new LabFeed(lab);
    const twin = new Twin();
    const { twin: startTwin } = options;
    const actions = new TwinActions(
      new PageActions(lab, options.lessons),
      startTwin === undefined ? null : async (articles) => twin.begin(await startTwin(articles), feed),
    );
    const both: PageFeed = {
      log: feed.log,
      refresh: async () => {
        const [before] = await Promise.all([feed.refresh(), twin.feed?.refresh()]);
        return before;
      },
    };
    const possible = startTwin === undefined ? 'none' : 'possible';
    const hello = (): PageHello => ({
      type: 'hello',
      run: lab.runId,
      title: options.title,
      mtas: [...lab.processes.keys()].map((name) => ({ name, domain: lab.domain(name) })),
      timeScale: lab.clock.timeScale,
      labNowMs: lab.clock.nowMs(),
      proxied: lab.proxy !== undefined,
      twin: twin.feed === null ? possible : 'there',
    });
    try {
      const server = await PageServer.start({
        files,
        port: options.port ?? 0,
        recording: () => recordingPage(files, feed.log.kept(), options.title),
        onPage: (socket) => new PageSession(socket, { feed: both, actions, hello }),
      });
      await feed.look();
      return new LabPage(server, feed, actions, twin);
    } catch (error) {
      await feed.close();
      throw error;
    }
  }

  /** An address that opens the page once. */
  newAddress(): string {
    return this.#server.newAddress();
  }

  /**
   * Starts the twin, whose articles are the other way about.
   * @returns the lab of the twin.
   * @throws HarnessError if there is one already, or it cannot start.
   */
  async startTwin(articles: readonly string[]): Promise<Lab> {
    await this.#actions.start(articles);
    return this.#twin.lab as Lab;
  }

  /** Ends the processes of the twin, if there is one. */
  async endTwin(): Promise<void> {
    await this.#twin.end();
  }

  async close(): Promise<void> {
    this.#actions.close();
    await this.#twin.end();
    await this.#feed.close();
    await this.#server.close();
  }
}

/**
 * One connection for all pages of a browser profile that are signed in to the same account. The page that holds a lock
 * has it; the others reach it through a BroadcastChannel. If the leader goes, the next page gets the lock.
 */
import { followPage, isHidden, type Locks, openPageChannel, type PageChannel } from './browser.ts'
import type { Connection, ConnectionEvents, ConnectionState, Timing } from './connection.ts'
import { Leader } from './leader.ts'
import type { ClientMessage } from './messages.ts'
import { type PageMessage, pageLock } from './page-messages.ts'

export interface SharedConnectionOptions {
  /** The same for pages that may share: the version of the messages, the server, the account. */
  group: string
  page: string
  locks: Locks
  timing: Timing
  /** Makes the connection of the leader. */
  connect: (events: ConnectionEvents) => Connection
}

export class SharedConnection implements Connection {
  readonly #options: SharedConnectionOptions
  readonly #events: ConnectionEvents
  #channel: PageChannel | undefined
  #leader: Leader | undefined
  #state: ConnectionState | undefined
  #heardAt = 0
  #hello: ReturnType<typeof setInterval> | undefined
  /** Aborted when the page gives its locks back. */
  #left = new AbortController()
  #unfollow = () => {}

  constructor(options: SharedConnectionOptions, events: ConnectionEvents) {
    this.#options = options
    this.#events = events
  }

  start(): void {
    if (this.#channel !== undefined || this.#left.signal.aborted) return
    this.#unfollow = followPage(
      () => this.#leave('offline'),
      () => this.#enter(),
    )
    this.#enter()
  }

  send(message: ClientMessage): void {
    if (this.#state === 'open') {
      this.#toLeader({ to: 'leader', kind: 'send', page: this.#options.page, message })
    }
  }

  close(): void {
    this.#unfollow()
    this.#leave()
  }

  #enter(): void {
    const { group, page, locks, timing } = this.#options
    this.#left = new AbortController()
    this.#channel = openPageChannel(group, (data) => this.#onPageMessage(data as PageMessage))
    this.#setState('connecting')
    const { signal } = this.#left
    void locks
      .request(pageLock(group, page), { signal }, () => untilAborted(signal))
      .catch(() => {})
    this.#lead({ signal })
    this.#heardAt = Date.now()
    this.#toLeader({ to: 'leader', kind: 'hello', page })
    this.#hello = setInterval(() => this.#askLeader(), timing.leaderTimeoutMs)
  }

  /** Waits for the lock, and is the leader as long as it has it. */
  #lead(options: { signal?: AbortSignal; steal?: boolean }): void {
    const { signal } = this.#left
    const lead = () => {
      if (signal.aborted) return Promise.resolve()
      this.#becomeLeader()
      return untilAborted(signal)
    }
    this.#options.locks.request(this.#options.group, options, lead).catch(() => {
      // Another page has taken the lock, since this one did not answer.
      if (signal.aborted || this.#leader === undefined) return
      this.#resign()
      this.#lead({ signal })
    })
  }

  #becomeLeader(): void {
    const { connect, group, locks } = this.#options
    this.#setState('connecting')
    const connection = connect({
      onState: (state, error) => {
        this.#leader?.onState(state)
        this.#setState(state, error)
        // The session of another page may be good.
        if (state === 'ended') this.#leave()
      },
      onMessage: (message) => {
        this.#leader?.onMessage(message)
        this.#events.onMessage(message)
      },
    })
    const post = (message: PageMessage) => this.#channel?.postMessage(message)
    this.#leader = new Leader({ connection, post, locks, group })
    this.#leader.start()
  }

  #resign(): void {
    this.#leader?.close()
    this.#leader = undefined
    this.#setState('connecting')
    this.#heardAt = Date.now()
  }

  #toLeader(message: PageMessage): void {
    if (this.#leader === undefined) this.#channel?.postMessage(message)
    else this.#leader.onPageMessage(message)
  }

  #onPageMessage(message: PageMessage): void {
    if (message.to === 'leader') this.#leader?.onPageMessage(message)
    if (message.to === 'leader' || this.#leader !== undefined) return
    this.#heardAt = Date.now()
    if (message.kind === 'message') this.#events.onMessage(message.message)
    // What ended the leader's connection need not end this page's.
    else if (message.state !== this.#state && message.state !== 'ended')
      this.#setState(message.state)
  }

  #askLeader(): void {
    if (this.#leader !== undefined) return
    const { page, timing } = this.#options
    if (!isHidden() && Date.now() - this.#heardAt > 3 * timing.leaderTimeoutMs) {
      this.#heardAt = Date.now()
      this.#lead({ steal: true })
      return
    }
    this.#toLeader({ to: 'leader', kind: 'hello', page })
  }

  /** Gives back the locks, and with them the connection. */
  #leave(state?: ConnectionState): void {
    this.#toLeader({ to: 'leader', kind: 'bye', page: this.#options.page })
    clearInterval(this.#hello)
    this.#leader?.close()
    this.#leader = undefined
    this.#channel?.close()
    this.#channel = undefined
    this.#left.abort()
    if (state !== undefined) this.#setState(state)
  }

  #setState(state: ConnectionState, error?: Parameters<ConnectionEvents['onState']>[1]): void {
    if (state === this.#state) return
    this.#state = state
    this.#events.onState(state, error)
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

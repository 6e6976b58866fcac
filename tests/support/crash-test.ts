/** A crash test: a write load on some accounts of a server, subscribers throughout, and a check at the end. */
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { type ConsistencyReport, checkConsistency } from '#tests/support/consistency-check.ts'
import { ReconnectingJetstream } from '#tests/support/reconnecting-jetstream.ts'
import { ReconnectingSubscriber } from '#tests/support/reconnecting-subscriber.ts'
import {
  adminPassword,
  createTestAccount,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { WriteLoad } from '#tests/support/write-load.ts'

const WAIT = { timeout: 60_000, interval: 100 }
const MIN_WRITES = 20

export class CrashTest {
  readonly subscriber: ReconnectingSubscriber
  readonly #jetstream: ReconnectingJetstream
  readonly load: WriteLoad
  readonly #server: Pick<TestServer, 'url'>
  readonly #accounts: TestAccount[]
  /** Milliseconds from each fault until the server answered again. */
  readonly outagesMs: number[] = []
  #rounds = 0
  #unasked = 0

  /** `choose` selects the accounts that get writes at the moment; all of them by default. */
  constructor(
    server: Pick<TestServer, 'url'>,
    accounts: TestAccount[],
    choose = (all: readonly TestAccount[]) => all,
  ) {
    this.#server = server
    this.#accounts = accounts
    this.subscriber = new ReconnectingSubscriber(server.url)
    this.#jetstream = new ReconnectingJetstream(server.url)
    this.load = new WriteLoad(server.url, () => choose(this.#accounts))
  }

  /**
   * Writes for one to two seconds, and until some writes are acknowledged, then runs `happen` while the writes go on and two more accounts are created. With
   * `goesOn` the load continues until the server answers again.
   */
  async round(happen: () => Promise<unknown>, goesOn: boolean): Promise<void> {
    const before = this.load.acknowledged.length
    this.load.start()
    await pause(1000 + Math.random() * 1000)
    const acknowledged = () => this.load.acknowledged.length - before
    await expect.poll(acknowledged, WAIT).toBeGreaterThan(MIN_WRITES)
    const newAccounts = this.#createAccounts()
    await pause(Math.random() * 300)
    const at = Date.now()
    await happen()
    if (goesOn) {
      await this.#expectAnswers(at)
      this.outagesMs.push(Date.now() - at)
    }
    await this.load.stop()
    await newAccounts
    expect(this.load.acknowledged.length).toBeGreaterThan(before)
    this.#rounds++
  }

  /** Waits until every acknowledged write is on the firehose, without calling any account. */
  async expectAllSequenced(): Promise<void> {
    const acknowledged = this.load.acknowledged.flatMap(({ commit }) => commit?.cid ?? [])
    const missing = () => {
      const commits = this.subscriber.commits()
      return acknowledged.filter((cid) => !commits.has(cid)).length
    }
    await expect.poll(missing, WAIT).toBe(0)
    const announced = () => this.#accounts.filter(({ did }) => !this.#isWhole(did)).length
    await expect.poll(announced, WAIT).toBe(0)
  }

  /**
   * Expects that calling the accounts brings no further events: none had been waiting for a call.
   */
  async expectNothingUndelivered(): Promise<void> {
    // All accounts were written to before the last fault, so all get reminders, also for
    // unacknowledged writes.
    await expect
      .poll(() => this.#metric('headwater_accounts_awake'), WAIT)
      .toBeGreaterThanOrEqual(this.#accounts.length)
    await expect.poll(() => this.#metric('headwater_outbox_pending_events'), WAIT).toBe(0)
    await this.#createLastAccount()
    const count = this.subscriber.events.length
    await this.#expectCaughtUp()
    expect(this.subscriber.events.length).toBe(count)
  }

  /**
   * Counts the events of writes made before one time that were sequenced after another. Times in ms since 1970.
   */
  countLate(writtenBefore: number, loggedAfter: number): number {
    const late = this.subscriber.events.filter(
      ({ seq, body }) => Date.parse(body.time) < writtenBefore && seq / 1000 > loggedAfter,
    )
    this.#unasked += late.length
    return late.length
  }

  /** Checks consistency, and prints the counts. */
  async finish(title: string): Promise<ConsistencyReport> {
    await this.expectAllSequenced()
    await this.#expectCaughtUp()
    await expect.poll(() => this.#jetstream.missing(this.subscriber.events), WAIT).toEqual([])
    expect(this.#jetstream.wrong).toEqual([])
    this.close()
    expect(this.load.acknowledged.length).toBeGreaterThan(MIN_WRITES)
    expect(this.load.violations).toEqual([])
    expect(this.subscriber.otherMessages).toEqual([])
    const { attempts } = this.load
    const verdict = await checkConsistency(this.#server.url, {
      attempts,
      received: this.subscriber.events,
    })
    const facts = {
      ...verdict,
      accounts: this.#accounts.length,
      rounds: this.#rounds,
      outagesMs: this.outagesMs,
      longestRequestMs: Math.round(this.load.maxLatencyMs),
      ...(this.#unasked > 0 && { deliveredUnasked: this.#unasked }),
    }
    process.stdout.write(`${title}: ${JSON.stringify(facts)}\n`)
    return verdict
  }

  /** Ends both subscribers; `finish` does it too. */
  close(): void {
    this.#jetstream.close()
    this.subscriber.close()
  }

  /** When its events have arrived, so have all that were sequenced before. */
  async #createLastAccount(): Promise<void> {
    const { did } = await createTestAccount(this.#server, 'afterwards')
    await expect.poll(() => this.#isWhole(did), WAIT).toBe(true)
  }

  async #createAccounts(): Promise<void> {
    const names = [1, 2].map((n) => `new${this.#rounds}x${n}`)
    await Promise.all(
      names.map(async (name) => {
        const account = await createTestAccount(this.#server, name).catch(() => null)
        if (account !== null) this.#accounts.push(account)
      }),
    )
  }

  async #expectAnswers(after: number): Promise<void> {
    const fresh = () =>
      this.load.acknowledged.filter(({ answeredAt }) => answeredAt! > after + 200).length
    await expect.poll(fresh, WAIT).toBeGreaterThan(20)
  }

  async #metric(name: string): Promise<number> {
    const credentials = Buffer.from(`admin:${adminPassword}`).toString('base64')
    const headers = { authorization: `Basic ${credentials}` }
    const answer = await fetch(`${this.#server.url}/metrics`, { headers })
    const [, value] = new RegExp(`^${name} (.*)$`, 'm').exec(await answer.text()) ?? []
    return Number(value)
  }

  /** The latest commit of each account is on the firehose. */
  async #expectCaughtUp(): Promise<void> {
    for (const { did } of this.#accounts) {
      const url = `${this.#server.url}/xrpc/com.atproto.sync.getLatestCommit?did=${did}`
      const latest = async () => (await (await fetch(url)).json()) as { cid?: string }
      await expect.poll(latest, WAIT).toHaveProperty('cid')
      const { cid } = await latest()
      await expect.poll(() => this.subscriber.commits().has(cid!), WAIT).toBe(true)
    }
  }

  #isWhole(did: string): boolean {
    return this.subscriber.events.some((event) => event.did === did && event.kind === '#sync')
  }
}

export function createAccounts(server: Pick<TestServer, 'url'>, count = 6): Promise<TestAccount[]> {
  const names = Array.from({ length: count }, (_, n) => `user${n}`)
  return Promise.all(names.map((name) => createTestAccount(server, name)))
}

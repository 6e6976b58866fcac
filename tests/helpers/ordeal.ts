/** A storm over some accounts of a server, an ear on its firehose through all that happens, and a judgement at the end. */
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { judge, type Verdict } from '#tests/helpers/judge.ts'
import { Listener } from '#tests/helpers/listener.ts'
import {
  adminPassword,
  createTestAccount,
  type TestAccount,
  type TestServer,
} from '#tests/helpers/server.ts'
import { WriteStorm } from '#tests/helpers/write-storm.ts'

const WAIT = { timeout: 60_000, interval: 100 }

export class Ordeal {
  readonly listener: Listener
  readonly storm: WriteStorm
  readonly #server: Pick<TestServer, 'url'>
  readonly #accounts: TestAccount[]
  /** How long each blow was felt, until the server answered again. */
  readonly outagesMs: number[] = []
  #rounds = 0
  #unasked = 0

  /** `choose` says which of the accounts are written to at the moment: all of them unless told. */
  constructor(
    server: Pick<TestServer, 'url'>,
    accounts: TestAccount[],
    choose = (all: readonly TestAccount[]) => all,
  ) {
    this.#server = server
    this.#accounts = accounts
    this.listener = new Listener(server.url)
    this.storm = new WriteStorm(server.url, () => choose(this.#accounts))
  }

  /**
   * Lets the storm blow for one to two seconds, and then has something happen in the middle of it, of two more
   * accounts being made too. Where `goesOn`, the storm goes on until the server answers again.
   */
  async round(happen: () => Promise<unknown>, goesOn: boolean): Promise<void> {
    const before = this.storm.acknowledged.length
    this.storm.start()
    await pause(1000 + Math.random() * 1000)
    const newcomers = this.#createAccounts()
    await pause(Math.random() * 300)
    const at = Date.now()
    await happen()
    if (goesOn) {
      await this.#expectAnswers(at)
      this.outagesMs.push(Date.now() - at)
    }
    await this.storm.stop()
    await newcomers
    expect(this.storm.acknowledged.length - before).toBeGreaterThan(20)
    this.#rounds++
  }

  /** Waits until everything that was acknowledged has been heard: no account is called for that. */
  async expectAllHeard(): Promise<void> {
    const acknowledged = this.storm.acknowledged.flatMap(({ commit }) => commit?.cid ?? [])
    const missing = () => {
      const commits = this.listener.commits()
      return acknowledged.filter((cid) => !commits.has(cid)).length
    }
    await expect.poll(missing, WAIT).toBe(0)
    const announced = () => this.#accounts.filter(({ did }) => !this.#isWhole(did)).length
    await expect.poll(announced, WAIT).toBe(0)
  }

  /** Nothing more is heard because the accounts are asked something: no event has waited for that. */
  async expectNothingWaits(): Promise<void> {
    // All were written to before the last blow, so all are reminded, also of writes that nobody was told of.
    await expect
      .poll(() => this.#metric('accounts_awake'), WAIT)
      .toBeGreaterThanOrEqual(this.#accounts.length)
    await expect.poll(() => this.#metric('outbox_backlog'), WAIT).toBe(0)
    const lastHead = await this.#metric('sequencer_head')
    await expect.poll(() => this.listener.heard.at(-1)?.seq, WAIT).toBe(lastHead)
    const count = this.listener.heard.length
    await this.#expectCaughtUp()
    expect(this.listener.heard.length).toBe(count)
  }

  /** How many events so far tell of writes before a moment, and were logged only after another. Times in ms. */
  countLate(writtenBefore: number, loggedAfter: number): number {
    const late = this.listener.heard.filter(
      ({ seq, body }) => Date.parse(body.time) < writtenBefore && seq / 1000 > loggedAfter,
    )
    this.#unasked += late.length
    return late.length
  }

  /** Judges, and prints the counts. */
  async end(title: string): Promise<Verdict> {
    await this.expectAllHeard()
    await this.#expectCaughtUp()
    this.listener.close()
    expect(this.storm.offences).toEqual([])
    expect(this.listener.others).toEqual([])
    const { attempts } = this.storm
    const verdict = await judge(this.#server.url, { attempts, heard: this.listener.heard })
    const facts = {
      ...verdict,
      accounts: this.#accounts.length,
      rounds: this.#rounds,
      outagesMs: this.outagesMs,
      longestRequestMs: Math.round(this.storm.longestMs),
      ...(this.#unasked > 0 && { deliveredUnasked: this.#unasked }),
    }
    process.stdout.write(`${title}: ${JSON.stringify(facts)}\n`)
    return verdict
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
      this.storm.acknowledged.filter(({ answeredAt }) => answeredAt! > after + 200).length
    await expect.poll(fresh, WAIT).toBeGreaterThan(20)
  }

  async #metric(name: string): Promise<number> {
    const credentials = Buffer.from(`admin:${adminPassword}`).toString('base64')
    const headers = { authorization: `Basic ${credentials}` }
    const answer = await fetch(`${this.#server.url}/metrics`, { headers })
    const [, value] = new RegExp(`^${name} (.*)$`, 'm').exec(await answer.text()) ?? []
    return Number(value)
  }

  /** The newest commit of each account has been heard. */
  async #expectCaughtUp(): Promise<void> {
    for (const { did } of this.#accounts) {
      const url = `${this.#server.url}/xrpc/com.atproto.sync.getLatestCommit?did=${did}`
      const latest = async () => (await (await fetch(url)).json()) as { cid?: string }
      await expect.poll(latest, WAIT).toHaveProperty('cid')
      const { cid } = await latest()
      await expect.poll(() => this.listener.commits().has(cid!), WAIT).toBe(true)
    }
  }

  #isWhole(did: string): boolean {
    return this.listener.heard.some((event) => event.did === did && event.kind === '#sync')
  }
}

/** Six accounts, or as many as are asked for. */
export function createAccounts(server: Pick<TestServer, 'url'>, count = 6): Promise<TestAccount[]> {
  const names = Array.from({ length: count }, (_, n) => `user${n}`)
  return Promise.all(names.map((name) => createTestAccount(server, name)))
}

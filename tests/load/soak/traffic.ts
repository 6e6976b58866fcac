/** The traffic of the soak test: accounts that write, one that is rewritten, and others that come, sleep, wake and go. */
import { setTimeout as pause } from 'node:timers/promises'
import type { XrpcClient } from '../../../bench/xrpc-client.ts'
import { callAs, collection, createAccount, type SoakAccount, writeRecord } from './clients.ts'

const RECORDS = 50
const REWRITTEN_RECORDS = 20

export interface TrafficOptions {
  /** Accounts that write all the time, each in a loop. */
  writers: number
  /** Accounts that come and go: how many there are at most, and how many loops make, wake and delete them. */
  residents: number
  churners: number
  /** Milliseconds between two steps of each loop. */
  pauseMs: number
  adminPassword: string
}

/** Milliseconds of the calls since it was last emptied. */
export interface Latencies {
  write: number[]
  /** Of the first call to an account that sleeps, most likely. */
  wake: number[]
  create: number[]
}

export class Traffic {
  readonly #client: XrpcClient
  readonly #options: TrafficOptions
  readonly #residents: SoakAccount[] = []
  #isStopped = false
  #loops: Promise<void>[] = []
  readonly writers: SoakAccount[] = []
  latencies: Latencies = { write: [], wake: [], create: [] }
  readonly counts = { rewrites: 0, created: 0, deleted: 0, woken: 0 }
  readonly errors: string[] = []

  constructor(client: XrpcClient, options: TrafficOptions) {
    this.#client = client
    this.#options = options
  }

  async start(): Promise<void> {
    const { writers, churners } = this.#options
    for (let n = 0; n < writers; n++) this.writers.push(await createAccount(this.#client))
    const rewritten = await createAccount(this.#client)
    this.#loops = [
      ...this.writers.map((account) => this.#loop(() => this.#write(account))),
      this.#loop(() => this.#rewrite(rewritten)),
      ...Array.from({ length: churners }, () => this.#loop(() => this.#churn())),
    ]
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#loops)
  }

  takeLatencies(): Latencies {
    const { latencies } = this
    this.latencies = { write: [], wake: [], create: [] }
    return latencies
  }

  async #loop(step: () => Promise<void>): Promise<void> {
    while (!this.#isStopped) {
      await step().catch(async (error) => {
        this.errors.push(String(error))
        await pause(100)
      })
      if (this.#options.pauseMs > 0) await pause(this.#options.pauseMs)
    }
  }

  async #write(account: SoakAccount): Promise<void> {
    await timed(this.latencies.write, writeRecord(this.#client, account, RECORDS))
  }

  async #rewrite(account: SoakAccount): Promise<void> {
    const n = this.counts.rewrites++
    const record = { $type: collection, text: 'x'.repeat(1_000), n }
    const rkey = `record-${n % REWRITTEN_RECORDS}`
    const input = { repo: account.did, collection, rkey, record }
    await callAs(this.#client, account, 'com.atproto.repo.putRecord', input)
  }

  /** In turns: one account more, four calls to accounts that were made long ago, and one less. */
  async #churn(): Promise<void> {
    const account = await timed(this.latencies.create, createAccount(this.#client))
    this.counts.created++
    await writeRecord(this.#client, account, RECORDS)
    this.#residents.push(account)
    for (let n = 0; n < 4 && !this.#isStopped; n++) {
      const sleeper = this.#residents[Math.floor((Math.random() * this.#residents.length) / 2)]
      if (sleeper === undefined || sleeper === account) continue
      await timed(this.latencies.wake, writeRecord(this.#client, sleeper, RECORDS))
      this.counts.woken++
    }
    if (this.#residents.length <= this.#options.residents) return
    const { did } = this.#residents.shift()!
    const admin = Buffer.from(`admin:${this.#options.adminPassword}`).toString('base64')
    const headers = { authorization: `Basic ${admin}` }
    await this.#client.procedure('com.atproto.admin.deleteAccount', { did }, headers)
    this.counts.deleted++
  }
}

async function timed<T>(times: number[], work: Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work
  times.push(performance.now() - start)
  return result
}

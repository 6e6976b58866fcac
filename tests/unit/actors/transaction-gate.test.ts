import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { TransactionGate } from '#actors/transaction-gate.ts'

/** A running transaction, which ends when the test says so. */
interface Work {
  name: string
  end(): void
}

let gate: TransactionGate
let begun: Work[]
/** The function that the timer runs next. */
let moment: (() => void) | undefined
let unheard: () => void
let now: number

beforeEach(() => {
  begun = []
  moment = undefined
  now = 0
  const timer = (_ms: number, run: () => void) => {
    moment = run
    return () => {
      moment = undefined
    }
  }
  gate = new TransactionGate({ subscribedLimit: 3, unsubscribedLimit: 5, timer, now: () => now })
  unheard = gate.holdSubscribed()
})

const names = () => begun.map(({ name }) => name)

function work(name: string): () => Promise<string> {
  return () => new Promise((resolve) => begun.push({ name, end: () => resolve(name) }))
}

/** Waits until pending promise callbacks have run. */
async function soon(): Promise<void> {
  for (let i = 0; i < 3; i++) await nextTurn()
}

/** Ends a transaction, and waits for the effects. */
async function end(name: string): Promise<void> {
  begun.splice(names().indexOf(name), 1)[0]!.end()
  await soon()
}

function accounts(...all: string[]): void {
  for (const name of all) void gate.account(work(name))
}

describe('accounts', () => {
  it('the gate starts account transactions up to its limit, and the others in order of arrival', async () => {
    accounts('a', 'b', 'c', 'd', 'e')
    expect(names()).toEqual(['a', 'b', 'c'])
    await end('b')
    expect(names()).toEqual(['a', 'c', 'd'])
    await end('a')
    expect(names()).toEqual(['c', 'd', 'e'])
  })

  it("the gate's limit is higher without firehose subscribers", () => {
    accounts('a', 'b', 'c', 'd')
    expect(names()).toHaveLength(3)
    unheard()
    now = 2_000
    accounts('e', 'f', 'g')
    expect(names()).toHaveLength(3)
  })

  it('a failed account transaction frees its slot', async () => {
    accounts('a', 'b')
    const failed = gate.account(() => Promise.reject(new Error('no engine')))
    const last = gate.account(work('c'))
    await expect(failed).rejects.toThrow('no engine')
    await soon()
    expect(names()).toEqual(['a', 'b', 'c'])
    await end('c')
    expect(await last).toBe('c')
  })
})

describe('the sequencer', () => {
  it("the sequencer's transaction starts at once if no other is running", async () => {
    const done = gate.sequencer(work('log'))
    await soon()
    expect(names()).toEqual(['log'])
    await end('log')
    expect(await done).toBe('log')
  })

  it("the sequencer's transaction waits for running ones, and no account starts meanwhile", async () => {
    accounts('a', 'b')
    void gate.sequencer(work('log'))
    accounts('c')
    await end('a')
    expect(names()).toEqual(['b'])
    await end('b')
    expect(names()).toContain('log')
  })

  it("the sequencer's transaction waits a bounded time for running ones", async () => {
    accounts('a', 'b', 'c')
    void gate.sequencer(work('log'))
    await soon()
    expect(names()).not.toContain('log')
    moment!()
    await soon()
    expect(names()).toContain('log')
  })

  it("the sequencer's transaction runs together with a single waiting account, but not with several", async () => {
    void gate.sequencer(work('log'))
    await soon()
    accounts('alone')
    expect(names()).toEqual(['log', 'alone'])
    accounts('second', 'third')
    await end('alone')
    expect(names()).toEqual(['log'])
    await end('log')
    expect(names()).toEqual(['second', 'third'])
  })

  it('without subscribers the sequencer waits a moment, and accounts start meanwhile', async () => {
    unheard()
    now = 2_000
    void gate.sequencer(work('log'))
    accounts('a')
    await end('a')
    expect(names()).toEqual([])
    moment!()
    await soon()
    expect(names()).toEqual(['log'])
    accounts('b', 'c')
    expect(names()).toEqual(['log', 'b'])
  })

  it('the sequencer holds accounts up for a bounded time', async () => {
    void gate.sequencer(work('log'))
    await soon()
    accounts('a')
    accounts('b', 'c')
    expect(names()).toEqual(['log', 'a'])
    moment!()
    await soon()
    expect(names()).toEqual(['log', 'a', 'b', 'c'])
  })

  it("the gate opens again if the sequencer's transaction fails", async () => {
    const failed = gate.sequencer(() => Promise.reject(new Error('no engine')))
    await expect(failed).rejects.toThrow('no engine')
    accounts('a', 'b', 'c', 'd')
    expect(names()).toEqual(['a', 'b', 'c'])
  })

  it('accounts start between one transaction of the sequencer and the next', async () => {
    void gate.sequencer(work('first')).then(() => gate.sequencer(work('second')))
    await soon()
    accounts('a', 'b')
    await end('first')
    expect(names()).toContain('a')
    for (const name of ['a', 'b']) if (names().includes(name)) await end(name)
    expect(names()).toEqual(['second'])
  })
})

/** Webhooks with one endpoint, and what their tests wait for. */
import { expect } from 'vitest'
import {
  type TestWebhooks,
  type TestWebhooksOptions,
  testWebhooks,
} from '#tests/support/webhooks-fixture.ts'

export const endpoint = 'we_1'

export async function withEndpoint(options: TestWebhooksOptions = {}): Promise<TestWebhooks> {
  const test = await testWebhooks(options)
  await test.add()
  return test
}

export const seqs = ({ received }: TestWebhooks, did?: string) =>
  received.filter(({ data }) => did === undefined || data.did === did).map(({ data }) => data.seq)

export const arrived = (test: TestWebhooks, count: number) =>
  expect.poll(() => test.received.length).toBe(count)

export const idle = ({ webhooks }: TestWebhooks) =>
  expect.poll(() => webhooks.endpoints.get(endpoint)!.inFlight).toBe(0)

/** `states` are such as `3 delivered`. */
export const stored = (test: TestWebhooks, states: string[]) =>
  expect.poll(test.states).toEqual(states)

/** What a timer has started has been posted after this. */
export const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))

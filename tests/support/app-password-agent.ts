/** A client that has signed in with an app password, as apps without OAuth do. */
import { AtpAgent } from '@atproto/api'
import type { TestAccount, TestServer } from '#tests/support/server.ts'

export async function appPasswordAgent(
  { url }: Pick<TestServer, 'url'>,
  { did, agent }: TestAccount,
  name: string,
): Promise<AtpAgent> {
  const { data } = await agent.com.atproto.server.createAppPassword({ name })
  const app = new AtpAgent({ service: url })
  await app.login({ identifier: did, password: data.password })
  return app
}

import { arrive, type Newcomer } from './newcomer.ts'
import type { Person } from './person.ts'
import { admin } from './services.ts'
import { signedToken } from './signed-token.ts'
import type { Visitor } from './visitor.ts'

export const states = ['active', 'deactivated', 'takendown', 'deleted', 'imported'] as const
export type State = (typeof states)[number]

/** A new account, named after the person from now on. */
export async function createPerson(visitor: Visitor, name: string): Promise<Person> {
  const [handle, email] = [`${name}.test`, `${name}@example.com`]
  const password = `password of ${name}`
  const { body } = await visitor.prepare('com.atproto.server.createAccount', {
    body: { handle, email, password },
  })
  visitor.names.set(body.did, `<${name}>`)
  const [access, refresh] = [`Bearer ${body.accessJwt}`, `Bearer ${body.refreshJwt}`]
  return { did: body.did, handle, email, password, access, refresh }
}

/** A new account that has come into this state; its tokens are from before. */
export async function personIn(visitor: Visitor, state: State, name: string): Promise<Person> {
  if (state === 'imported') return arrive(visitor, name).then(({ person }: Newcomer) => person)
  const person = await createPerson(visitor, name)
  await writePost(visitor, person, 'one')
  if (state === 'deactivated') {
    const method = 'com.atproto.server.deactivateAccount'
    await visitor.prepare(method, { as: person.access, body: {} })
  } else if (state === 'takendown') {
    await takeDown(visitor, person.did, true)
  } else if (state === 'deleted') {
    const body = { did: person.did }
    await visitor.prepare('com.atproto.admin.deleteAccount', { as: admin, body })
  }
  return person
}

export async function takeDown(visitor: Visitor, did: string, applied: boolean): Promise<void> {
  await visitor.prepare('com.atproto.admin.updateSubjectStatus', {
    as: admin,
    body: { subject: repoRef(did), takedown: { applied, ref: 'case 1' } },
  })
}

export const repoRef = (did: string) => ({ $type: 'com.atproto.admin.defs#repoRef', did })

/** Writes a record of a kind that no lexicon here knows. */
export async function writePost(visitor: Visitor, { did, access }: Person, rkey: string) {
  const record = { $type: 'com.example.thing', text: `the ${rkey}` }
  const body = { repo: did, collection: 'com.example.thing', rkey, record }
  return (await visitor.prepare('com.atproto.repo.createRecord', { as: access, body })).body
}

/** Authorization header of the narrow session that an account has after its takedown. */
export function narrow({ did }: Pick<Person, 'did'>): string {
  return signedToken({ scope: 'com.atproto.takendown', sub: did })
}

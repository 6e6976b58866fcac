/** A board that several people write on: notes are records of their authors, who is here and who types is not stored. */
import { Agent, CredentialSession } from '@atproto/api'
import { Realtime } from '@headwater/realtime'

const NOTE = 'dev.headwater.example.note'
const CHANNEL = 'dev.headwater.realtime.channel'

const parameters = new URLSearchParams(location.search)
const service = parameters.get('service') ?? 'http://localhost:2583'
const element = (id) => document.getElementById(id)
const show = (id, text) => element(id).replaceChildren(text)

const session = new CredentialSession(new URL(service), undefined, (_, data) =>
  localStorage.setItem('session', JSON.stringify(data ?? null)),
)

const { repo } = new Agent(session).com.atproto

/** Runs with the form's fields when it is submitted, and clears them. */
function onSubmit(id, run) {
  element(id).addEventListener('submit', async (event) => {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(event.target))
    event.target.reset()
    await Promise.resolve(run(fields)).catch((error) => show('error', error.message))
  })
}

async function openBoard() {
  element('sign-in').hidden = true
  document.querySelector('main').hidden = false
  const owner = parameters.get('board') ?? session.did
  const realtime = new Realtime({ service, session })
  await realtime.saveCursor(localStorage)
  realtime.on('status', (status) => show('status', status))
  realtime.on('error', ({ message }) => show('error', message))

  const notes = new Map()
  let members = []
  let channel
  // The record says who may enter the channel; here also whose notes are on the board.
  realtime.record(`at://${owner}/${CHANNEL}/board`).subscribe(({ value }) => {
    members = value?.members ?? []
    for (const did of [owner, ...members]) if (!notes.has(did)) follow(did)
    if (owner === session.did || members.includes(session.did)) channel ??= enter(realtime, owner)
  })

  function follow(did) {
    notes.set(did, [])
    realtime.collection(NOTE, { did }).subscribe(({ records }) => {
      notes.set(did, records)
      element('notes').replaceChildren(...[...notes.values()].flat().map(noteItem))
    })
    // Continues after a reload, with what happened meanwhile.
    realtime.on('commit', { dids: [did], collections: [NOTE] }, ({ operation, record, rkey }) => {
      const item = document.createElement('li')
      item.append(`${operation} ${record?.text ?? rkey}`)
      element('changes').append(item)
    })
  }

  let typedAt = 0
  element('write').addEventListener('input', () => {
    if (Date.now() - typedAt < 2_000) return
    typedAt = Date.now()
    void channel?.publish({ typing: true })
  })
  onSubmit('write', ({ text }) => {
    const record = { text, createdAt: new Date().toISOString() }
    return repo.createRecord({ repo: session.did, collection: NOTE, record })
  })
  onSubmit('invite', ({ did }) => {
    const createdAt = new Date().toISOString()
    const record = { access: 'members', members: [...members, did], createdAt }
    return repo.putRecord({ repo: owner, collection: CHANNEL, rkey: 'board', record })
  })
}

function enter(realtime, owner) {
  const channel = realtime.channel({
    did: owner,
    name: 'board',
    state: { name: session.session.handle },
  })
  const nameOf = (did) => channel.present.get(did)?.name ?? did
  channel.on('presence', () =>
    show('present', [...channel.present.keys()].map(nameOf).sort().join(', ')),
  )
  let dots
  channel.on('message', ({ from, body }) => {
    if (from === session.did || !body.typing) return
    show('typing', `${nameOf(from)} …`)
    clearTimeout(dots)
    dots = setTimeout(() => show('typing', ''), 3_000)
  })
  channel.on('error', ({ message }) => show('error', message))
  return channel
}

function noteItem({ uri, value }) {
  const item = document.createElement('li')
  item.append(value.text)
  if (!uri.startsWith(`at://${session.did}/`)) return item
  const button = document.createElement('button')
  button.append('Remove')
  const [, , did, collection, rkey] = uri.split('/')
  button.onclick = () => repo.deleteRecord({ repo: did, collection, rkey })
  item.append(' ', button)
  return item
}

onSubmit('sign-in', async ({ handle, password }) => {
  await session.login({ identifier: handle, password })
  await openBoard()
})
const stored = JSON.parse(localStorage.getItem('session') ?? 'null')
if (stored !== null)
  session.resumeSession(stored).then(openBoard, ({ message }) => show('error', message))

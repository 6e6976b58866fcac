/**
 * Loaded into a process before anything else (`--import`): its direct calls to the port PEER_PORT_FROM go to the port
 * PEER_PORT_TO, where a proxy of the test listens.
 */
import tls from 'node:tls'

const { connect } = tls
const { PEER_PORT_FROM: from, PEER_PORT_TO: to } = process.env

// node:http2 calls it by this name.
tls.connect = (port, ...rest) => connect(String(port) === from ? Number(to) : port, ...rest)

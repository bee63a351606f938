// The AT Protocol's development network in one process. Writes its addresses to the file named by READY when it is up.
import fs from 'node:fs'
import { TestNetwork, mockMailer } from '@atproto/dev-env'

const port = (offset) => Number(process.env.FIRST_PORT) + offset
// Letters and _ only; nothing of an earlier run is used again.
const schema = 'run_' + Date.now().toString().replace(/\d/g, (digit) => 'abcdefghij'[digit])
const net = await TestNetwork.create({
  dbPostgresUrl: process.env.DB_POSTGRES_URL,
  dbPostgresSchema: schema,
  plc: { port: port(0) },
  pds: { port: port(1), hostname: 'localhost', enableDidDocWithSession: true, rateLimitsEnabled: true },
  bsky: { port: port(2), publicUrl: `http://localhost:${port(2)}`, dbPostgresSchema: 'bsky_' + schema },
  ozone: { port: port(3), dbMaterializedViewRefreshIntervalMs: 5000 },
  introspect: { port: port(4) },
})
mockMailer(net.pds)
await net.processAll()
const ready = { plc: net.plc.url, pds: net.pds.url, appview: net.bsky.url, admin: net.pds.ctx.cfg.service.did }
fs.writeFileSync(process.env.READY + '.new', JSON.stringify(ready))
fs.renameSync(process.env.READY + '.new', process.env.READY)
process.on('SIGTERM', async () => {
  await net.close()
  process.exit(0)
})

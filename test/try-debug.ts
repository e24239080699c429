import { testPlace } from '/work/main/test/fixtures/engine.ts'
import { makeBundle } from '/work/main/test/fixtures/rootfs.ts'
const place = await testPlace()
const engine = await place.open()
const abs = await makeBundle(place.path+'/abs', {args:['true'], rootfs: place.rootfs, cgroupsPath: '/runchart-test-abs'})
const rel = await makeBundle(place.path+'/rel', {args:['true'], rootfs: place.rootfs, cgroupsPath: 'runchart-test-rel'})
const times: Record<string, {all:number[], create:number[]}> = {abs:{all:[],create:[]}, rel:{all:[],create:[]}}
for (let i=0;i<30;i++) for (const [n,b] of [['abs',abs],['rel',rel]] as const) {
  const t=performance.now()
  const c = await engine.create({bundle:b}); const t1=performance.now(); await c.start(); await c.wait(); await c.remove()
  times[n].all.push(performance.now()-t); times[n].create.push(t1-t)
}
const med=(a:number[])=>a.sort((x,y)=>x-y)[15].toFixed(1)
for (const n in times) console.log(n, 'create', med(times[n].create), 'all', med(times[n].all))
await engine.close()
await place[Symbol.asyncDispose]()

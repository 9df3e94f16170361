import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';

// The schema engine in WebAssembly, over node-postgres.
export default {
  experimental: { adapter: true },
  engine: 'js',
  schema: path.join(__dirname, 'schema.prisma'),
  async adapter() {
    return new PrismaPg({ ssl: { rejectUnauthorized: false } });
  },
};

import { UptimeCheckRegion as Region } from "../../../gen/monitoring-v3.enums.ts";

/** From where Google checks, as it publishes it; https://cloud.google.com/monitoring/uptime-checks/using-uptime-checks */
const published: readonly (readonly [region: 1 | 2 | 3 | 4, location: string, addresses: string])[] = [
  [Region.ASIA_PACIFIC, "Singapore", "35.187.242.246 35.186.144.97 35.198.221.49"],
  [Region.SOUTH_AMERICA, "Sao Paulo, Brazil", "35.199.66.47 35.198.18.224 35.199.67.79"],
  [Region.USA, "Oregon", "35.197.117.125 35.203.157.42 35.199.157.7"],
  [Region.USA, "Iowa", "146.148.59.114 23.251.144.62 146.148.41.163"],
  [Region.USA, "Virginia", "35.186.164.184 35.188.230.101 35.199.27.30"],
  [Region.EUROPE, "Belgium", "104.155.77.122 104.155.110.139 146.148.119.250"],
];

export const uptimeCheckIps = published.flatMap(([region, location, addresses]) =>
  addresses.split(" ").map((ipAddress) => ({ region, location, ipAddress })),
);

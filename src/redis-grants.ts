export const redisGrants = (_: string): string => "x";
